import { effectIdOf, type RunId } from '../base/ids.ts'
import type { Json } from '../base/json.ts'
import type { Checkpoint } from '../snapshot/checkpoint.ts'
import type { PersonDecision } from '../snapshot/event.ts'
import type { Decision } from '../snapshot/decision.ts'
import { patchParts } from '../snapshot/patch-parts.ts'
import type { RunStatus } from '../snapshot/snapshot.ts'
import type { Undoing } from '../snapshot/undo.ts'
import { isLateEnd, type CalledOffBy } from './called-off.ts'
import { openedSteps, type OpenedStep } from './opened-steps.ts'
import type { RunEvent } from './run-event.ts'

/** A fact before it is given its place. */
export type Fact = WithoutPlace<Exclude<RunEvent, { type: 'token.received' }>>
type WithoutPlace<One> = One extends unknown ? Omit<One, 'runId' | 'sequence' | 'cursor' | 'at'> : never

/** What facts need beside the checkpoint. */
export interface FactSource {
  readonly workflow: string
  /** Status after the checkpoint before; null before the first. */
  readonly statusBefore: RunStatus | null
  /** What had called off the step that it ends; absent: nothing. */
  readonly calledOff?: CalledOffBy
}

/**
 * The facts that follow from one checkpoint. Pure.
 *
 * Order: what happened, what it logged, where the run went and why, what changed, what was begun, the new status.
 */
export function factsOf(checkpoint: Checkpoint, source: FactSource): readonly Fact[] {
  const opened = openedSteps(checkpoint)
  return [
    ...eventFacts(checkpoint, source),
    ...endFacts(checkpoint, source),
    ...logFacts(checkpoint),
    ...decisionFacts(checkpoint),
    ...compensationFacts(checkpoint),
    ...withdrawnFacts(checkpoint),
    ...stateFacts(checkpoint),
    ...startFacts(checkpoint, opened),
    ...requestFacts(checkpoint, opened),
    ...waitFacts(checkpoint, opened),
    ...statusFacts(checkpoint, source),
  ]
}

function eventFacts(checkpoint: Checkpoint, { workflow }: FactSource): readonly Fact[] {
  const { event, decision } = checkpoint
  switch (event.type) {
    case 'run.started':
      return [{ type: 'run.started', workflow, input: event.payload.input, tags: event.payload.tags }]
    case 'run.forked':
      return [{ type: 'run.forked', from: { runId: event.payload.from.runId, sequence: event.payload.from.sequence } }]
    case 'request.decided':
      return [decidedFact(checkpoint, event.payload), ...ruleFacts(checkpoint)]
    case 'request.asked':
    case 'request.answered': {
      const { text, by, through, step: asked } = event.payload
      const which = event.type === 'request.answered' ? { question: event.payload.question } : {}
      return [{ type: event.type, step: asked, node: decision?.node ?? '', text, by, through, ...which }]
    }
    case 'rule.revoke':
      return [{ type: 'rule.revoked', ...event.payload }]
    case 'event.received': {
      const { message, ...whose } = event.payload
      return [{ type: 'event.received', id: event.id, event: message.event, key: message.key, ...whose }]
    }
    case 'run.hold':
      return [{ type: 'run.held', by: event.payload.by, reason: event.payload.reason }]
    case 'run.release':
      return [{ type: 'run.released', ...event.payload }]
    case 'run.patch': {
      const { by, reason, state, unset = [], override } = event.payload
      const keys = [...Object.keys(state), ...unset]
      return [{ type: 'run.patched', by, reason, keys, ...(override !== undefined && { override }) }]
    }
    case 'run.redirect':
      return [{ type: 'run.redirected', ...event.payload }]
    case 'run.cancel':
      return [{ type: 'run.cancelled', by: event.payload.by, reason: event.payload.reason }]
    case 'timer.due': {
      const { timer } = event.payload
      if (!timer.startsWith('escalate/')) return []
      const [, asked, level] = timer.split('/')
      return [{ type: 'request.escalated', step: Number(asked), node: decision?.node ?? '', level: Number(level) }]
    }
    case 'effect.ended':
      return []
  }
}

function decidedFact({ step, decision, items }: Checkpoint, given: PersonDecision): Fact {
  const { outcome, by, through, reason, for: person, rule } = given
  return {
    type: 'request.decided',
    step: given.step,
    node: step?.node ?? decision?.node ?? '',
    outcome,
    ...(step === null && { isPartial: true as const }),
    by,
    ...(person !== undefined && { for: person }),
    through,
    ...(rule !== undefined && { rule: rule.id }),
    reason,
    ...(step?.tool !== undefined && { tool: step.tool }),
    ...(step?.item !== undefined && { item: step.item }),
    ...(items !== undefined && { items }),
  }
}

/** A decision that is remembered. */
function ruleFacts({ runId, event, step }: Checkpoint): readonly Fact[] {
  if (event.type !== 'request.decided' || event.payload.remember === undefined) return []
  const { remember, outcome, by, step: index } = event.payload
  const rule = effectIdOf(runId as RunId, index)
  return [
    { type: 'rule.made', rule, scope: remember.scope, outcome, node: step?.node ?? '', tool: step?.tool ?? '', by },
  ]
}

function endFacts({ event, step, usage, decision, items }: Checkpoint, { calledOff }: FactSource): readonly Fact[] {
  if (step === null) return []
  const end = event.type === 'effect.ended' ? event.payload : undefined
  return [
    {
      type: 'step.ended',
      step: step.index,
      node: step.node,
      visit: step.visit,
      kind: step.kind,
      attempt: step.attempt,
      outcome: end?.outcome ?? decision?.outcome ?? 'expired',
      startedAt: step.startedAt,
      ...(usage !== null && { usage }),
      ...(end?.model !== undefined && { model: end.model }),
      ...(end?.asked !== undefined && { asked: end.asked }),
      ...(step.tool !== undefined && { tool: step.tool }),
      ...(step.item !== undefined && { item: step.item }),
      ...(step.undoes !== undefined && { undoes: step.undoes }),
      ...(items !== undefined && { items }),
      ...(end?.error !== undefined && { error: end.error }),
      ...(end?.misfit !== undefined && { misfit: end.misfit }),
      ...(end?.withheld !== undefined && { withheld: end.withheld }),
      ...(end?.refusedCalls !== undefined && { refusedCalls: end.refusedCalls }),
      ...(end?.isCached === true && { isCached: end.isCached }),
      ...(calledOff !== undefined && { calledOff }),
      isLate: isLateEnd({ decision, step }),
    },
  ]
}

function logFacts({ event, step }: Checkpoint): readonly Fact[] {
  if (event.type !== 'effect.ended' || step === null) return []
  return (event.payload.log ?? []).map(({ message, data }) => ({
    type: 'log.written',
    step: step.index,
    node: step.node,
    message,
    ...(data !== undefined && { data }),
  }))
}

function decisionFacts({ decision, items }: Checkpoint): readonly Fact[] {
  const facts: Fact[] = []
  for (let one = decision ?? undefined; one !== undefined; one = one.next) {
    const { next: _, ...own } = one
    const { limit } = own
    if (limit !== undefined)
      facts.push({
        type: 'limit.hit',
        limit: limit.name,
        used: limit.used,
        max: limit.max,
        ...(limit.node !== undefined && { node: limit.node }),
        ...(limit.up !== undefined && { up: limit.up }),
      })
    if (own.handoff !== undefined)
      facts.push({
        type: 'handoff.made',
        node: own.node,
        handoff: own.outcome,
        to: own.to ?? '',
        ...own.handoff,
        ...(items !== undefined && { items }),
      })
    facts.push(...stuckFacts(one), { type: 'edge.taken', decision: own, ...(items !== undefined && { items }) })
  }
  return facts
}

/** Undoing that begins or is over. */
function compensationFacts(checkpoint: Checkpoint): readonly Fact[] {
  return patchParts(checkpoint).flatMap(({ verb, path, value, within }): readonly Fact[] => {
    if (path[0] !== 'undoing' || path.length > 1) return []
    const where = within.length === 0 ? {} : { within: within.join('/') }
    if (verb === 'unset') return [{ type: 'compensation.ended', ...where }]
    // The whole is set when it begins, parts of it later.
    return [{ type: 'compensation.started', status: (value as unknown as Undoing).status, ...where }]
  })
}

/** A run that went on without getting anywhere, or that waited for what nobody could give. */
function stuckFacts({ node, to, stall, arrival, next }: Decision): readonly Fact[] {
  const facts: Fact[] = []
  if (stall !== undefined) facts.push({ type: 'run.stalled', node, ...stall, to: to ?? '' })
  if (arrival?.fires === 'unsatisfied') {
    const { join, joined, needed } = arrival
    facts.push({ type: 'run.deadlocked', node: join, joined, needed, to: next?.to ?? '' })
  }
  return facts
}

/** Questions to people that nobody waits for any more: their branch has lost, or a limit was hit. */
function withdrawnFacts({ patch, step, commands }: Checkpoint): readonly Fact[] {
  const told = commands.flatMap((command): readonly Fact[] => {
    if (command.type === 'closeWait') return [{ type: 'wait.closed', step: command.step }]
    return command.type === 'withdrawRequest' ? [{ type: 'request.withdrawn', step: command.step }] : []
  })
  const waits = new Set(commands.flatMap((command) => (command.type === 'closeWait' ? [String(command.step)] : [])))
  // Where workflows are nested, what is gone from the ledger may be one of them, and the checkpoint names the requests.
  const isNested = patch.some(([, path]) => path[0] === 'context' && path[1] === 'children')
  if (isNested || told.length > waits.size) return told
  const closing = new Set(patch.flatMap(([, path]) => (path[1] === 'closing' ? [String(path[2])] : [])))
  const gone = patch.flatMap(([verb, path]): readonly Fact[] => {
    const isGone = verb === 'unset' && path[0] === 'context' && path[1] === 'open' && path.length === 3
    const index = String(path[2])
    if (!isGone || closing.has(index) || waits.has(index) || step?.index === Number(index)) return []
    return [{ type: 'request.withdrawn', step: Number(index) }]
  })
  return [...told, ...gone]
}

function stateFacts(checkpoint: Checkpoint): readonly Fact[] {
  const byPlace = new Map<string, Set<string>>()
  for (const { verb, path, value, within } of patchParts(checkpoint)) {
    if (path[0] !== 'state') continue
    const place = within.join('/')
    const keys = byPlace.get(place) ?? new Set<string>()
    byPlace.set(place, keys)
    if (path[1] !== undefined) keys.add(String(path[1]))
    else if (verb !== 'unset' && value !== undefined) for (const key of keysOf(value)) keys.add(key)
  }
  return [...byPlace].flatMap(([within, keys]): readonly Fact[] => {
    if (keys.size === 0) return []
    const fact = { type: 'state.changed' as const, keys: [...keys], node: checkpoint.step?.node ?? null }
    return [within === '' ? fact : { ...fact, within }]
  })
}

function keysOf(value: Json): readonly string[] {
  return typeof value === 'object' && value !== null ? Object.keys(value) : []
}

function startFacts({ commands, step }: Checkpoint, opened: readonly OpenedStep[]): readonly Fact[] {
  return commands.flatMap((command): readonly Fact[] => {
    if (command.type !== 'effect') return []
    const tool =
      opened.find((one) => one.step === command.step)?.open.tool ??
      (step?.index === command.step ? step.tool : undefined)
    const { item, model: fallback, undoes: undone } = opened.find((one) => one.step === command.step)?.open ?? {}
    const undoes = undone?.step ?? (step?.index === command.step ? step.undoes : undefined)
    const place = item ?? (step?.index === command.step ? step.item : undefined)
    return [
      {
        type: 'step.started',
        step: command.step,
        node: command.node,
        kind: command.kind,
        attempt: command.attempt,
        ...(tool !== undefined && { tool }),
        ...(place !== undefined && { item: place }),
        ...(undoes !== undefined && { undoes }),
        ...(command.items !== undefined && { items: command.items }),
        ...(fallback !== undefined && { fallback }),
      },
    ]
  })
}

function requestFacts({ step: ended, items: around = [] }: Checkpoint, opened: readonly OpenedStep[]): readonly Fact[] {
  return opened.flatMap(({ step, isNew, open, within }): readonly Fact[] => {
    const isApproval = isNew && open.kind === 'approval'
    if (!isApproval && open.kind !== 'resolve') return []
    const about = ended?.index === step ? ended : null
    const tool = open.tool ?? about?.tool
    const item = open.item ?? about?.item
    const asked = open.callId === undefined ? 'approval' : 'call'
    // An item that begins asks inside of itself.
    const isInside = ended?.item !== undefined && within.includes(ended.index)
    const items = isInside ? [...around, ended.item] : around
    return [
      {
        type: 'request.opened',
        step,
        node: open.node ?? about?.node ?? '',
        kind: isApproval ? asked : 'unknown',
        ...(tool !== undefined && { tool }),
        ...(item !== undefined && { item }),
        ...(items.length > 0 && { items }),
        expiresAt: open.expiresAt ?? null,
      },
    ]
  })
}

/** Waits that have opened, and events that waits have taken. */
function waitFacts({ step: ended, decision }: Checkpoint, opened: readonly OpenedStep[]): readonly Fact[] {
  return opened.flatMap(({ step, open }): readonly Fact[] => {
    const node = open.node ?? (ended?.index === step ? ended.node : (decision?.node ?? ''))
    if (open.kind === 'receive' && open.event !== undefined)
      return [{ type: 'event.taken', step, node, id: open.event }]
    if (open.kind !== 'wait') return []
    const { awaits, expiresAt = null } = open
    return [{ type: 'wait.opened', step, node, events: awaits?.events ?? [], key: awaits?.key ?? null, expiresAt }]
  })
}

function statusFacts({ status }: Checkpoint, { statusBefore }: FactSource): readonly Fact[] {
  return status === (statusBefore ?? 'running') ? [] : [{ type: 'run.status-changed', status }]
}
