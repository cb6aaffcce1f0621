import {
  calledOffIn,
  closingIn,
  contextsOf,
  itemsAroundStep,
  openIn,
  type CalledOffBy,
  type Checkpoint,
  type Decision,
  type EngineEvent,
  type History,
} from '@waystone/core'
import { calledOffText } from './called-off-text.ts'
import { nodeText } from './node-text.ts'
import { personText } from './person-text.ts'
import { reasonText, wayText } from './decision-text.ts'
import { printableExcerpt, printableLine } from './printable.ts'
import { iso } from './row-json.ts'
import { displayWidth, type Style } from './style.ts'
import { table } from './table.ts'
import { formatCost, formatDuration } from './units.ts'

/** How a timeline is printed. */
export interface TimelineLook {
  readonly style: Style
  /** Of the terminal: what stands last is left out as long as lines are longer, and `show --why` has it. Absent: no terminal. */
  readonly width?: number
}

/** Checkpoints as a table: when, which node, how it ended, where it led and why, how long it took, what it cost. */
export function timelineLines(
  checkpoints: readonly Checkpoint[],
  history: History,
  { style, width = Infinity }: TimelineLook,
): readonly string[] {
  const begun = history.checkpoints[0]?.event.at ?? 0
  const calledOff = calledOffIn(history.checkpoints)
  const rows = checkpoints.map((checkpoint) => {
    const { sequence, event, decision, step, usage, items } = checkpoint
    return [
      String(sequence),
      `+${formatDuration(event.at - begun)}`,
      nodeText(
        step?.node ?? (event.from === 'person' || event.type === 'timer.due' ? (decision?.node ?? '') : ''),
        step?.undoes === undefined ? items : undoneItems(step, history),
      ),
      whatText(checkpoint, history, calledOff.get(checkpoint.sequence)),
      decision === null || decision.to === null ? '' : wayText(decision, history.graph, items),
      step === null || event.from !== 'effect' ? '' : formatDuration(step.endedAt - step.startedAt),
      usage?.costUsd === undefined ? '' : formatCost(usage.costUsd),
      decision === null ? '' : style('quiet', printableExcerpt(reasonText(decision), 100)),
    ]
  })
  const columns = [
    { title: 'seq', align: 'right' as const },
    { title: 'at', align: 'right' as const },
    { title: 'node' },
    { title: 'what' },
    { title: 'edge' },
    { title: 'took', align: 'right' as const },
    { title: 'cost', align: 'right' as const },
    { title: 'because' },
  ]
  const used = columns.map((_, index) => index < always || rows.some((row) => row[index] !== ''))
  for (let most = columns.length; ; most--) {
    const kept = <Item>(items: readonly Item[]): readonly Item[] =>
      items.filter((_, index) => used[index] === true && index < most)
    const lines = table(kept(columns), rows.map(kept))
    if (most === always || lines.every((line) => displayWidth(line) <= width)) return lines
  }
}

/** What undoes is in no map; what it undoes may have been. */
function undoneItems(
  { undoes = -1, item }: NonNullable<Checkpoint['step']>,
  { checkpoints }: History,
): readonly number[] {
  const around = itemsAroundStep(checkpoints, undoes)
  return item === undefined ? around : [...around, item]
}

/** Columns that are never left out: up to the edge. */
const always = 5

function whatText(
  { event, step, sequence, decision }: Checkpoint,
  history: History,
  calledOff: CalledOffBy | undefined,
): string {
  switch (event.type) {
    case 'effect.ended': {
      const kept = keptBackText(event.payload, decision)
      const { outcome, attempt, error, misfit, asked } = event.payload
      const tool = toolOf(step, history, sequence)
      const item = itemText(step, history, sequence)
      const asks = asked === undefined ? '' : `${asked} `
      const what =
        step?.kind === 'model' || step?.kind === 'summary'
          ? `${step.kind} ${asks}`
          : tool === undefined
            ? ''
            : `${tool} `
      const tried = attempt > 1 ? ` (attempt ${attempt})` : ''
      if (calledOff !== undefined) return `${item}${what}${calledOffText(calledOff)}${tried}`
      const problem = error?.message ?? (misfit === undefined ? undefined : `does not fit: ${misfit.join('; ')}`)
      return `${item}${what}${outcome}${tried}${problem === undefined ? '' : `: ${printableExcerpt(problem, 60)}`}${kept}`
    }
    case 'request.decided':
      return `${itemText(step, history, sequence)}${step?.tool === undefined ? '' : `${step.tool} `}${event.payload.outcome} by ${printableExcerpt(personText(event.payload), 60)}${step === null ? ', not yet decided' : ''}`
    case 'timer.due':
      if (event.payload.timer.startsWith('limit/')) return 'its time is over'
      if (event.payload.timer.startsWith('escalate/')) return 'escalated'
      if (step?.tool !== undefined) return `${step.tool} expired`
      if (event.payload.timer.startsWith('deadline/')) return 'the deadline of its fork is over'
      return event.payload.timer.startsWith('expire/') ? 'expired' : `timer ${event.payload.timer}`
    case 'event.received': {
      const { message, by } = event.payload
      const about = message.key === null ? '' : ` for ${printableExcerpt(message.key, 40)}`
      const whose = by === undefined ? '' : ` by ${printableExcerpt(by, 40)}`
      return `event ${printableLine(message.event)}${about}${whose}${decision === null ? ', kept for a wait' : ''}`
    }
    case 'run.started':
      return 'started'
    case 'run.forked':
      return `forked from ${event.payload.from.runId} at ${event.payload.from.sequence}`
    case 'run.patch': {
      const { state, unset = [], by } = event.payload
      const keys = [...Object.keys(state), ...unset].map((key) => printableLine(key)).join(', ')
      return `patch of ${keys} by ${printableLine(by)}${overrideText(event.payload)}`
    }
    case 'run.redirect':
      return `redirected to ${event.payload.to} by ${printableLine(event.payload.by)}${overrideText(event.payload)}`
    case 'request.asked':
    case 'request.answered':
      return `${event.type === 'request.asked' ? 'question' : 'answer'} by ${printableLine(event.payload.by)}: ${printableExcerpt(event.payload.text, 60)}`
    case 'rule.revoke':
      return `rule ${event.payload.rule} revoked by ${printableLine(event.payload.by)}`
    case 'run.release':
      return `release by ${printableLine(event.payload.by)}${overrideText(event.payload)}`
    case 'run.hold':
    case 'run.cancel':
      return `${event.type.slice(4)} by ${printableLine(event.payload.by)}`
  }
}

/** The tool of a step that ends, also of one that was told to stop before. */
function toolOf(step: Checkpoint['step'], history: History, sequence: number): string | undefined {
  if (step === null || sequence === 0) return undefined
  const { context } = history.at(sequence - 1).snapshot
  return (openIn(context)[step.index] ?? closingIn(context)[step.index])?.tool
}

function overrideText({ override }: { readonly override?: readonly string[] }): string {
  return override === undefined ? '' : `, overriding ${override.map((tool) => printableLine(tool)).join(', ')}`
}

/** Calls that were not run, by the rule that says so; tools that were not run, since an identical call was. */
function keptBackText(
  { refusedCalls, isCached }: Extract<EngineEvent, { type: 'effect.ended' }>['payload'],
  decision: Decision | null,
): string {
  const rules = [...new Set(Object.values(refusedCalls ?? {}).map(({ rule }) => rule))]
  const refused = rules.length === 0 ? '' : `, refused: ${rules.join(', ')}`
  const cached = (decision?.cached ?? []).map(({ tool, step }) => `${tool} of step ${step}`)
  const known = cached.length === 0 ? '' : `, from the cache: ${cached.join(', ')}`
  return `${refused}${known}${isCached === true ? ', as an identical call before' : ''}`
}

/** The stable form of a checkpoint for `--json`: what it did and why, without the state. */
export function timelineJson(
  { sequence, event, decision, step, items, usage, left, status }: Checkpoint,
  calledOff: CalledOffBy | undefined,
): object {
  return {
    sequence,
    at: iso(event.at),
    event: event.type,
    from: event.from,
    outcome: outcomeOf(event),
    ...(calledOff !== undefined && { calledOff }),
    step,
    ...(items !== undefined && { items }),
    decision,
    usage,
    left,
    status,
  }
}

function outcomeOf(event: EngineEvent): string | null {
  return event.type === 'effect.ended' || event.type === 'request.decided' ? event.payload.outcome : null
}

/** Which step of a map it is, and how far the map is: `item 7 of 20: `. */
function itemText(step: Checkpoint['step'], history: History, sequence: number): string {
  if (step?.kind === 'map') return 'list '
  if (step?.kind === 'collect') return 'results '
  if (step?.undoes !== undefined) return `undoes step ${step.undoes}: `
  if (step?.item === undefined || sequence === 0) return ''
  const { context } = history.at(sequence - 1).snapshot
  const held = contextsOf(context).find(({ open }) => open[step.index] !== undefined)
  const map = held?.maps?.[held.open[step.index]?.node ?? '']
  return map === undefined ? `item ${step.item} ` : `item ${step.item} of ${map.items.length} `
}
