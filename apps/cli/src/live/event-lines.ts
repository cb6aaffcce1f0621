import { nodeAt, nodePathsOf, type Graph, type RunEvent } from '@waystone/core'
import { personText } from '../output/person-text.ts'
import { amountText } from '../graph/limits-text.ts'
import { calledOffText } from '../output/called-off-text.ts'
import { reasonText, wayText } from '../output/decision-text.ts'
import { nodeText } from '../output/node-text.ts'
import { tooManyText } from '../output/handoff-text.ts'
import { printableExcerpt, printableLine } from '../output/printable.ts'
import type { Style } from '../output/style.ts'
import { formatDuration, formatMoment, formatTime } from '../output/units.ts'
import { usageText } from '../output/usage-text.ts'

/** What turns an event into lines. */
export interface LineContext {
  readonly graph: Graph
  readonly style: Style
  /** Of the run, ms since the epoch. */
  readonly startedAt: number
}

/** The lines an event leaves behind; most leave none. */
export function eventLines(event: RunEvent, context: LineContext): readonly string[] {
  const text = eventText(event, context)
  if (text === null) return []
  const time = formatElapsed(event.at - context.startedAt)
  return [`${context.style('quiet', time.padStart(9))}  ${text}`]
}

function formatElapsed(elapsedMs: number): string {
  return elapsedMs < 60_000 ? `${(Math.max(0, elapsedMs) / 1000).toFixed(1)} s` : formatDuration(elapsedMs)
}

/** Turns of a talk are seen as the talk itself. */
function isTalk(graph: Graph, name: string | null): boolean {
  const record = name === null ? undefined : nodeAt(graph, name)?.node
  return record?.kind === 'approval' && record.talk !== undefined
}

function eventText(event: RunEvent, { graph, style }: LineContext): string | null {
  const width = Math.max(...nodePathsOf(graph).map((path) => path.length))
  const name = (node: string, items?: readonly number[]): string => style('strong', nodeText(node, items).padEnd(width))
  switch (event.type) {
    case 'step.ended':
      return endedText(event, { name, style })
    case 'edge.taken': {
      const { decision } = event
      if (decision.to === null || isTalk(graph, decision.to) || isTalk(graph, decision.node)) return null
      const reason = reasonText(decision)
      return `${' '.repeat(width)}  ${style('accent', wayText(decision, graph, event.items))}${reason === '' ? '' : style('quiet', `  because ${reason}`)}`
    }
    case 'request.opened': {
      if (isTalk(graph, event.node)) return null
      return `${name(event.node, event.items)}  ${style('warn', askedText(event.kind, event.tool ?? null))}${event.expiresAt === null ? '' : style('quiet', `  until ${formatMoment(event.expiresAt, event.at)}`)}`
    }
    case 'request.decided':
      return isTalk(graph, event.node) ? null : `${name(event.node, event.items)}  ${decidedText(event)}`
    case 'request.escalated':
      return `${name(event.node)}  ${style('warn', `nobody has decided step ${event.step}: escalated, level ${event.level}`)}`
    case 'wait.opened':
      return `${name(event.node)}  ${style('warn', awaitedText(event))}`
    case 'event.received':
      return `${' '.repeat(width)}  event ${printableLine(event.event)}${event.key === null ? '' : ` for ${printableExcerpt(event.key, 40)}`}${event.by === undefined ? '' : ` by ${printableExcerpt(event.by, 40)}`}`
    case 'handoff.made':
      return tooManyLine(event, { style, width })
    case 'limit.hit':
    case 'run.stalled':
    case 'run.deadlocked':
      return `${' '.repeat(width)}  ${style('warn', stuckText(event))}`
    case 'compensation.started':
      return `${' '.repeat(width)}  ${style('warn', undoingText(event))}`
    case 'log.written':
      return `${name(event.node)}  ${style('quiet', printableExcerpt(event.message, 120))}`
    case 'run.held':
    case 'run.released':
    case 'run.cancelled':
    case 'run.patched':
    case 'run.redirected':
    case 'request.asked':
    case 'request.answered':
    case 'rule.made':
    case 'rule.revoked':
      return personLine(event, { name, style, width })
    case 'run.started':
    case 'run.forked':
    case 'step.started':
    case 'request.withdrawn':
    case 'wait.closed':
    case 'event.taken':
    case 'state.changed':
    case 'run.status-changed':
    case 'compensation.ended':
    case 'token.received':
      return null
  }
}

/** What a person or an operator did beside deciding. */
function personLine(
  event: Extract<
    RunEvent,
    {
      type:
        | 'run.held'
        | 'run.released'
        | 'run.cancelled'
        | 'run.patched'
        | 'run.redirected'
        | 'request.asked'
        | 'request.answered'
        | 'rule.made'
        | 'rule.revoked'
    }
  >,
  { name, style, width }: { readonly name: (node: string) => string; readonly style: Style; readonly width: number },
): string {
  const by = printableLine(event.by)
  const nowhere = ' '.repeat(width)
  switch (event.type) {
    case 'run.held':
    case 'run.released':
    case 'run.cancelled':
      return `${nowhere}  ${event.type.slice(4)} by ${by}: ${printableExcerpt(event.reason, 100)}`
    case 'run.patched':
      return `${nowhere}  ${patchedText(event, style)}`
    case 'run.redirected':
      return `${nowhere}  ${style('warn', `redirected to ${printableLine(event.to)}`)} by ${by}: ${printableExcerpt(event.reason, 100)}`
    case 'request.asked':
    case 'request.answered':
      return `${name(event.node)}  ${event.type === 'request.asked' ? 'question' : 'answer'} by ${by}: ${printableExcerpt(event.text, 100)}`
    case 'rule.made':
      return `${name(event.node)}  ${style('warn', `${event.outcome} for calls of ${printableLine(event.tool)} to come, in this ${event.scope}`)}`
    case 'rule.revoked':
      return `${nowhere}  rule ${event.rule} revoked by ${by}: ${printableExcerpt(event.reason, 100)}`
  }
}

function awaitedText({ events, key, expiresAt }: Extract<RunEvent, { type: 'wait.opened' }>): string {
  const until = expiresAt === null ? '' : ` until ${formatTime(expiresAt)}`
  if (events.length === 0) return `waits${until}`
  return `waits for ${events.join(' or ')}${key === null ? '' : ` with key ${printableExcerpt(key, 40)}`}${until === '' ? '' : `,${until}`}`
}

/** A handoff that was made stands with its edge. */
function tooManyLine(
  { node, handoff, tooMany }: Extract<RunEvent, { type: 'handoff.made' }>,
  { style, width }: { readonly style: Style; readonly width: number },
): string | null {
  if (tooMany === undefined) return null
  return `${' '.repeat(width)}  ${style('warn', `${node} hands over to ${handoff}: ${tooManyText(tooMany)}`)}`
}

function decidedText(event: Extract<RunEvent, { type: 'request.decided' }>): string {
  const reason = event.reason === '' ? '' : `: ${printableExcerpt(printableLine(event.reason), 100)}`
  const about = event.tool === undefined ? '' : `${workText('call', event.tool)}: `
  const others = event.isPartial === true ? ', others have to decide as well' : ''
  return `${about}${event.outcome} by ${personText(event)}${others}${reason}`
}

function stuckText(event: Extract<RunEvent, { type: 'limit.hit' | 'run.stalled' | 'run.deadlocked' }>): string {
  switch (event.type) {
    case 'limit.hit': {
      const { limit, used, max, node } = event
      return `limit${node === undefined ? '' : ` of ${node}`} hit: ${amountText(limit, used)} of ${amountText(limit, max)}`
    }
    case 'run.stalled':
      return `stalled: ${event.transitions} transitions without progress`
    case 'run.deadlocked':
      return `deadlock at ${event.node}: ${event.joined} of ${event.needed} joined, and too few can still`
  }
}

function askedText(kind: Extract<RunEvent, { type: 'request.opened' }>['kind'], tool: string | null): string {
  if (kind === 'approval') return 'asks a person'
  if (kind === 'call') return `asks a person before it runs ${workText('call', tool)}`
  return 'asks a person what happened: its outcome is not known'
}

function endedText(
  event: Extract<RunEvent, { type: 'step.ended' }>,
  { name, style }: { name: (node: string, items?: readonly number[]) => string; style: Style },
): string | null {
  // What a person decided has a line of its own.
  if ((event.kind === 'approval' || event.kind === 'resolve') && event.outcome !== 'expired') return null
  const took = formatDuration(event.at - event.startedAt)
  const asked = event.asked === undefined ? '' : ` ${printableLine(event.asked)}`
  const work = workText(event.kind, event.tool ?? null, event.item)
  const what = `${event.undoes === undefined ? work : undoText(event.undoes, event.tool)}${asked}`
  const { calledOff } = event
  const isBad = ['failed', 'timeout', 'unknown', 'lost'].includes(event.outcome)
  const ended = isBad ? style('bad', event.outcome) : event.outcome
  const outcome = calledOff === undefined ? ended : calledOffText(calledOff)
  const used = usageText(event.usage ?? {})
  const attempt = event.attempt > 1 ? `, attempt ${event.attempt}` : ''
  const error =
    event.error === undefined || calledOff !== undefined
      ? ''
      : `  ${style('bad', printableExcerpt(event.error.message, 120))}`
  const misfit =
    event.misfit === undefined
      ? ''
      : `  ${style('warn', `does not fit: ${printableExcerpt(event.misfit.join('; '), 120)}`)}`
  const late = event.isLate && calledOff === undefined ? ' (late: only its usage counts)' : ''
  const { items = [], item } = event
  const about = event.undoes !== undefined && item !== undefined ? [...items, item] : items
  return `${name(event.node, about)}  ${what === '' ? '' : `${what}${attempt}: `}${outcome}${late}${style('quiet', `  ${[took, used].filter((part) => part !== '').join(' · ')}`)}${error}${misfit}`
}

function patchedText({ keys, by, reason }: Extract<RunEvent, { type: 'run.patched' }>, style: Style): string {
  const named = keys.map((key) => printableLine(key)).join(', ')
  return `${style('warn', `patched ${named}`)} by ${printableLine(by)}: ${printableExcerpt(reason, 100)}`
}

function undoingText({ status, within }: Extract<RunEvent, { type: 'compensation.started' }>): string {
  return `undoes what ${within === undefined ? 'it' : printableLine(within)} did, then ends ${status}`
}

function undoText(step: number, tool: string | undefined): string {
  return `undoes step ${step}${tool === undefined ? '' : ` with ${printableLine(tool)}`}`
}

/** What kind of work a step is, for people; empty where the node's name says it. */
export function workText(kind: string, tool: string | null, item?: number): string {
  if (item !== undefined) return `item ${item}${tool === null ? '' : `, tool ${printableLine(tool)}`}`
  if (kind === 'map') return 'list'
  if (kind === 'collect') return 'results'
  if (kind === 'wait') return 'waits'
  if (kind === 'model' || kind === 'summary') return kind
  if (kind === 'call' || kind === 'tool' || (kind === 'approval' && tool !== null))
    return tool === null ? 'tool' : `tool ${printableLine(tool)}`
  return ''
}
