import type { Checkpoint, RunContext, Snapshot } from '@waystone/core'
import type { Coverage } from '../coverage.ts'
import { checkBounds } from './bounds.ts'
import { foldPatch, mergeInto, writtenBy } from './fold.ts'
import { followForks, followFreed, noteWrites } from './branches.ts'
import { countCombinations } from './combinations.ts'
import { countForks } from './count-forks.ts'
import { followEvents } from './events.ts'
import { handoffsOf } from './handoffs.ts'
import { followPeople } from './people-checks.ts'
import { followMaps } from './items.ts'
import {
  atHome,
  checkSteps,
  exhaustedPart,
  followNested,
  isUnderWay,
  lastDecision,
  passageOf,
  type Passage,
} from './nested.ts'
import { checkOwnLimits } from './own-limits.ts'
import { allClosing, allOpen, factsOf, namesAround, partsOf, type Part } from './parts.ts'
import { followPatch } from './stall.ts'
import { checkEdge } from './edges.ts'
import { countTools, toolsOf } from './tool-checks.ts'
import { followUnbegun } from './unbegun.ts'
import { followUndoing, noteDeeds } from './undoings.ts'
import { attemptKey, textOf, type Report, type RunFacts } from './run-facts.ts'

const ended = new Set(['completed', 'failed', 'cancelled', 'exhausted'])

/** Holds one stored checkpoint against everything that was known before it, then takes it in. */
export function checkStored(
  facts: RunFacts,
  checkpoint: Checkpoint,
  parts: { readonly report: Report; readonly coverage: Coverage },
): void {
  const { report, coverage } = parts
  const before = facts.checkpoints.length === 0 ? null : facts.context
  if (checkpoint.sequence !== facts.checkpoints.length)
    report('one-writer', `checkpoint ${checkpoint.sequence} was stored after ${facts.checkpoints.length - 1}`)
  checkPatch(checkpoint, report)
  const snapshot = foldPatch(before === null ? null : { value: null, context: before }, checkpoint) as Snapshot
  const after = snapshot.context
  const passage = passageOf({ checkpoint, before, after, ...parts })
  checkEvent(facts, checkpoint, report)
  countCombinations(facts, passage)
  followHome(facts, passage)
  followTakeover(facts, passage)
  followUnbegun(facts, passage)
  noteDeeds(facts, passage)
  followNested(facts, passage)
  followEvents(facts, passage)
  followUndoing(facts, passage)
  followPeople(facts, passage)
  for (const part of passage.after) {
    const own = factsOf(facts, part)
    checkLimits(own, part.context, report)
    checkBounds(own, part.context, passage)
    checkOwnLimits(own, part.context, report)
    checkSteps(own, part, passage)
  }
  checkUsage(passage)
  if (ended.has(checkpoint.status) && (before === null || before.ending === null))
    coverage.count(`ended ${checkpoint.status}`)
  facts.checkpoints.push(checkpoint)
  for (const part of passage.after) factsOf(facts, part).context = part.context
  facts.used.add(checkpoint.event.id)
  if (checkpoint.event.type === 'run.hold') facts.heldAt = checkpoint.sequence
  facts.inbox.delete(checkpoint.event.id)
  for (const command of checkpoint.commands)
    if (command.type === 'effect') facts.asked.add(attemptKey(command.step, command.attempt))
}

/** A checkpoint says what has changed, and never once more all that a run, or a workflow nested in it, knows. */
function checkPatch({ sequence, patch }: Checkpoint, report: Report): void {
  for (const [verb, path] of patch)
    if (sequence > 0 && verb === 'set' && path.at(-1) === 'context')
      report('patches-name-changes', `checkpoint ${sequence} sets the whole of ${path.join('.')}`)
}

/** What the event is about, the run or a workflow nested in it, moves by its own graph. */
function followHome(facts: RunFacts, passage: Passage): void {
  const { home, report, coverage } = passage
  const own = home === undefined ? facts : factsOf(facts, home)
  const part = passage.after.find(({ holder }) => holder === (home?.holder ?? null))
  const checkpoint = atHome(passage)
  checkVoices(own, checkpoint, passage)
  // It was over with what holds it.
  if (part === undefined) return
  const [before, after] = [home?.context ?? null, part.context]
  checkState(own, checkpoint, { before, after, report })
  handoffsOf(own).note(own, checkpoint, { before, after, report, coverage })
  followPatch(own, checkpoint, coverage)
  checkDecision(own, checkpoint, { before, after, report, coverage, isUnderWay: isUnderWay(part) })
  handoffsOf(own).settle(own, checkpoint, { before, after, report, coverage })
  toolsOf(own).follow(own, checkpoint, { before, after, report })
  countCovered(checkpoint, { before, after, coverage })
  countTools(checkpoint, { before, after, coverage })
  followMaps(own, checkpoint, { before, after, report, coverage })
}

/** A workflow around what the event is about has hit its limit: it goes where its graph says. */
function followTakeover(facts: RunFacts, passage: Passage): void {
  const part = exhaustedPart(passage)
  if (part === undefined) return
  const { report, coverage } = passage
  const own = factsOf(facts, part)
  const found = lastDecision(passage.checkpoint)?.to
  const to = own.spec.graph.limits.exhausted
  if (found !== to)
    report(
      'limits-are-guards',
      `the limit hit at ${passage.checkpoint.sequence} leads to ${found}; by the graph it leads to ${to}`,
    )
  const taken = { node: '', visit: 1, outcome: 'limit', candidates: [], taken: 'limits.exhausted', to }
  const checkpoint: Checkpoint = { ...passage.checkpoint, step: null, decision: taken }
  const [before, after] = [own.context, part.context]
  followForks(own, checkpoint, { after, report })
  checkDecision(own, checkpoint, { before, after, report, coverage, isUnderWay: true })
  followMaps(own, checkpoint, { before, after, report, coverage })
}

interface Change {
  readonly before: RunContext | null
  readonly after: RunContext
  readonly report: Report
}

function checkEvent(facts: RunFacts, { event, sequence }: Checkpoint, report: Report): void {
  const isOneTime = event.type !== 'timer.due'
  if (isOneTime && facts.used.has(event.id))
    report('inbox-is-kept', `event ${event.id} made a second checkpoint, ${sequence}`)
  if (event.type === 'effect.ended') {
    const { step, attempt, outcome } = event.payload
    const [open, closing] = [allOpen(facts.context), allClosing(facts.context)]
    // The steps of nested workflows and of waits do work twice: before and after.
    const kind = (open[step] ?? closing[step])?.kind
    const key = `${attemptKey(step, attempt)}${kind === 'output' || kind === 'receive' ? `/${kind}` : ''}`
    const known = facts.ends.get(key)
    if (known !== undefined)
      report('effect-ids-are-stable', `attempt ${key} ended ${known} and then ${outcome} at ${sequence}`)
    facts.ends.set(key, outcome)
    facts.failure = event.payload.error?.failure ?? null
    if (open[step]?.attempt !== attempt && closing[step]?.attempt !== attempt)
      report('late-ends-change-nothing', `the end of ${key}, which is not open, was stored at ${sequence}`)
  }
}

function checkState(facts: RunFacts, checkpoint: Checkpoint, { before, after, report }: Change): void {
  const { event, sequence } = checkpoint
  if (event.type === 'run.started') facts.state = event.payload.input
  const hasEnded = before !== null && before.ending !== null
  const isLate = event.type === 'effect.ended' && before !== null && before.open[event.payload.step] === undefined
  if (before !== null && (hasEnded || isLate)) {
    const changed = textOf(before.state) !== textOf(after.state) || textOf(before.verdicts) !== textOf(after.verdicts)
    if (changed)
      report(
        'late-ends-change-nothing',
        `${event.type} ${event.id} changed the state at ${sequence} although ${hasEnded ? 'the run had ended' : 'its step had been cancelled'}`,
      )
    return followFreed(facts, checkpoint, { after, report })
  }
  if (event.type === 'run.patch') {
    facts.state = { ...facts.state, ...event.payload.state }
    for (const [step, open] of Object.entries(after.open)) if (mayChange(facts, open)) facts.patched.add(step)
  }
  const written = writtenBy(checkpoint)
  const old = facts.state
  facts.stall.before = textOf(old)
  if (written !== null) facts.state = mergeInto(facts, old, written)
  noteWrites(facts, old, checkpoint.step?.node ?? 'input')
  followForks(facts, checkpoint, { after, report })
  if (textOf(sorted(facts.state)) !== textOf(sorted(after.state))) {
    report(
      'patch-applied-once',
      `after ${event.type} ${event.id} at ${sequence} the state is ${textOf(after.state)}; the events give ${textOf(facts.state)}`,
    )
  }
}

/** Keyed and unsafe effects keep their input, and calls of agents have arguments of their own. */
function mayChange({ spec }: RunFacts, { node, kind }: RunContext['open'][string]): boolean {
  if (kind === 'call') return false
  const effect = spec.graph.nodes[node]?.effect
  return kind === 'model' || kind === 'summary' || kind === 'resolve' || effect === 'pure' || effect === 'idempotent'
}

function sorted(state: object): unknown {
  return Object.entries(state).toSorted(([one], [other]) => (one < other ? -1 : 1))
}

function checkDecision(
  facts: RunFacts,
  checkpoint: Checkpoint,
  {
    before,
    after,
    report,
    coverage,
    isUnderWay: goesOn,
  }: Change & {
    readonly coverage: Coverage
    readonly isUnderWay: boolean
  },
): void {
  const { decision, sequence } = checkpoint
  if (before === null || decision === null) return
  const takenOnes = decision.candidates.filter(({ verdict }) => verdict === 'taken' || verdict === 'otherwise')
  if (takenOnes.length > 1) report('routing-is-total', `the decision at ${sequence} took ${takenOnes.length} edges`)
  if (decision.taken === ':no-route' || decision.taken === ':guard-error')
    report('routing-is-total', `the decision at ${sequence} took ${decision.taken}`)
  for (let one: typeof decision | undefined = decision; one !== undefined; one = one.next)
    checkEdge(facts, one, { sequence, after, report, coverage, at: checkpoint.event.at })
  const waitsForName = Object.values(after.forks ?? {}).some(({ branches }) =>
    Object.values(branches).includes('ready'),
  )
  const isSettling = (after.undoing !== undefined || waitsForName) && Object.keys(after.closing).length > 0
  // What waits for room under a limit begins when others give back what they have set aside.
  const waitsForRoom = after.short !== undefined
  if (goesOn && after.ending === null && !isSettling && !waitsForRoom && Object.keys(after.open).length === 0)
    report('routing-is-total', `nothing is open after ${sequence} and the run has not ended`)
}

/** A quorum is reached by as many persons as it needs, all of whom saw what is asked now. */
function checkVoices(
  { spec, context, checkpoints }: RunFacts,
  { event, step, sequence }: Checkpoint,
  { report, coverage }: { readonly report: Report; readonly coverage: Coverage },
): void {
  if (event.type !== 'request.decided') return
  const { payload } = event
  if (payload.for !== undefined) coverage.count('decided by a delegate')
  if (step === null) return coverage.count('voice counted')
  const record = spec.graph.nodes[step.node]
  const tool = context.open[payload.step]?.tool
  const rule = record?.kind === 'agent' ? record.toolRules?.[tool ?? '']?.approval : record
  const quorum = rule !== undefined && rule !== null && 'quorum' in rule ? rule.quorum : undefined
  if (quorum === undefined || step.kind !== 'approval' || payload.outcome !== 'approved') return
  const voices = [...checkpoints.map((one) => one.event), event].flatMap((one) =>
    one.type === 'request.decided' && one.payload.step === payload.step ? [one.payload] : [],
  )
  const yes = voices.filter(({ outcome, digest }) => outcome === 'approved' && digest === payload.digest)
  const persons = new Set(yes.map(({ by }) => by))
  const seats = new Set(yes.map(({ by, for: person }) => person ?? by))
  if (persons.size < quorum.need || seats.size < quorum.need)
    report('asked-before-run', `step ${payload.step} was approved at ${sequence} by ${[...persons].join(', ')} alone`)
  coverage.count(tool === undefined ? 'quorum reached' : 'quorum of a call reached')
}

function checkLimits({ spec, checkpoints }: RunFacts, after: RunContext, report: Report): void {
  // Undoing goes beyond the limits.
  if (
    after.exhausted !== null ||
    partsOf(after).some(({ context }) => context.undoing !== undefined || context.undone !== undefined)
  )
    return
  const { bounds } = spec.graph.limits
  const counts = {
    steps: after.steps - (after.others ?? 0),
    modelCalls: after.usage.modelCalls,
    toolCalls: after.usage.toolCalls,
  }
  for (const [name, used] of Object.entries(counts)) {
    const max = bounds[name as keyof typeof counts]?.max
    if (max !== undefined && used > max)
      report('limits-are-guards', `${name} is ${used} of ${max} after ${checkpoints.length}`)
  }
}

/** What was used is counted where it was, and in everything around. */
function checkUsage({ checkpoint: { usage, sequence }, before, after, home, report }: Passage): void {
  const counting = new Set<string | null>([null])
  for (let one: Part | null = home ?? null; one !== null; one = one.around) counting.add(one.holder)
  for (const part of after) {
    const old = before.find(({ holder }) => holder === part.holder)?.context.usage
    const delta = counting.has(part.holder) ? usage : null
    for (const [name, now] of Object.entries(part.context.usage)) {
      const was = old?.[name as keyof RunContext['usage']] ?? 0
      const more = delta?.[name as keyof RunContext['usage']] ?? 0
      if (Math.abs(was + more - now) > 1e-6)
        report(
          'usage-adds-up',
          `${name} of ${namesAround(part).join('/') || 'the run'} went from ${was} by ${more} to ${now} at ${sequence}`,
        )
    }
  }
}

function countPatch(
  { override }: { readonly override?: readonly string[] },
  before: RunContext | null,
  coverage: Coverage,
): void {
  coverage.count('patch')
  if (override !== undefined) coverage.count('patch under an override')
  if (Object.values(before?.open ?? {}).some(({ kind }) => kind === 'approval'))
    coverage.count('patch of what is asked')
}

function timerRow(timer: string): string {
  if (timer.startsWith('escalate/')) return 'escalated'
  if (timer.startsWith('deadline/')) return 'join deadline by its timer'
  if (timer === 'duration') return 'duration hit'
  if (timer.startsWith('duration/')) return 'duration of what is nested hit'
  return timer.startsWith('limit/') ? 'time of an agent over' : 'expiry'
}

function countSetAside({ open, private: memories }: RunContext, coverage: Coverage): void {
  if (Object.values(open).some(({ reserved }) => (reserved?.costUsd ?? 0) > 0)) coverage.count('cost set aside')
  const entries = Object.values(memories).flatMap((memory) => memory.entries.at(-1) ?? [])
  const isQueued = entries.some(
    (entry) => 'type' in entry && entry.type === 'results' && entry.calls.some(({ phase }) => phase === 'queued'),
  )
  if (isQueued) coverage.count('call queued')
}

/** Counts what this checkpoint shows that simulations must have seen. */
function countCovered(
  checkpoint: Checkpoint,
  {
    before,
    after,
    coverage,
  }: { readonly before: RunContext | null; readonly after: RunContext; readonly coverage: Coverage },
): void {
  const { event, decision, step } = checkpoint
  if (event.type === 'run.hold' || event.type === 'run.release' || event.type === 'run.cancel')
    coverage.count(event.type.slice(4))
  if (event.type === 'run.patch') countPatch(event.payload, before, coverage)
  if (event.type === 'timer.due') coverage.count(timerRow(event.payload.timer))
  countSetAside(after, coverage)
  countForks(checkpoint, { before, after, coverage })
  countQuestions(checkpoint, { before, after, coverage })
  if (event.type === 'request.decided') countDecided(event.payload.outcome, step?.kind === 'resolve', coverage)
  if (decision?.limit !== undefined)
    coverage.count(decision.limit.node === undefined ? 'workflow limit hit' : 'limit of an agent hit')
  if (
    decision?.taken.endsWith(':otherwise') === true ||
    decision?.candidates.some(({ verdict }) => verdict === 'limit') === true
  )
    coverage.count('edge limit hit')
  if (decision?.taken.endsWith(':retry') === true) coverage.count('retry')
  if (decision?.taken.endsWith(':repair') === true) coverage.count('repair')
  countCuts(before, after, coverage)
  if (decision?.taken.endsWith(':fallback') === true) coverage.count('fallback model asked')
  if (event.type !== 'effect.ended') return
  const { payload } = event
  if (step?.kind === 'summary' && payload.summary === undefined) coverage.count('summary failed')
  const wasOpen = before?.open[payload.step]
  if (wasOpen === undefined) coverage.count('late end settled')
  if (payload.outcome === 'timeout') coverage.count('timeout')
  if (payload.outcome === 'lost') coverage.count('lost model call')
  if (payload.refusedCalls !== undefined) coverage.count('refused call')
  if (payload.error?.code === 'WAYSTONE_INPUT_NOT_JSON') coverage.count('refused patch')
  if (payload.outcome !== 'unknown' || wasOpen === undefined) return
  coverage.count(payload.error?.code === 'WAYSTONE_NODE_TIMEOUT' ? 'unknown by timeout' : 'unknown outcome')
  if (wasOpen.kind === 'call') coverage.count('unknown inside an agent')
  if (decision !== null && decision.to !== null && decision.to !== ':person' && after.open[payload.step] === undefined)
    coverage.count('unknown routed by an edge')
}

function countQuestions(
  { event, step }: Checkpoint,
  {
    before,
    after,
    coverage,
  }: { readonly before: RunContext | null; readonly after: RunContext; readonly coverage: Coverage },
): void {
  const about = step?.kind === 'approval' && step.tool !== undefined
  if (about && event.type === 'request.decided') coverage.count(`call ${event.payload.outcome}`)
  if (about && event.type === 'timer.due') coverage.count('call expired')
  const open = Object.values(after.open)
  const isAsked = open.some(
    ({ kind, callId, approved }) => kind === 'approval' && callId !== undefined && approved === undefined,
  )
  if (isAsked && open.some(({ kind }) => kind === 'call')) coverage.count('call asked about while others run')
  if (open.some(({ kind, approved }) => kind === 'approval' && approved !== undefined) && before !== null)
    coverage.count('approved call waits for its place')
}

/** A conversation is cut where entries are gone that it had before, the visit's own memory aside. */
function countCuts(before: RunContext | null, after: RunContext, coverage: Coverage): void {
  for (const [node, memory] of Object.entries(after.private)) {
    const was = before?.private[node]?.entries ?? []
    const [first] = memory.entries
    if (memory.entries.length >= was.length || first === undefined || !('type' in first)) continue
    const isTold = first.type === 'summary' && was[0] !== first
    if (isTold) coverage.count('conversation told in a summary')
    if (isTold && was.some((entry) => 'type' in entry && entry.type === 'summary')) coverage.count('summary told again')
    if (first.type === 'input') coverage.count('conversation forgotten')
  }
}

function countDecided(outcome: string, isResolve: boolean, coverage: Coverage): void {
  if (isResolve) coverage.count(`resolved ${outcome}`)
  else if (outcome === 'asked') coverage.count('asked back')
  else if (outcome === 'edited' || outcome === 'rejected') coverage.count(outcome)
}
