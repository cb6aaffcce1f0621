import {
  compensationOfRun,
  exampleOfSchema,
  graphsOf,
  type DegradedMark,
  type FailedUndo,
  type Graph,
  type History,
  type OpenWait,
  type Request,
  type RunResult,
  type UnreadEvent,
} from '@waystone/core'
import type { ExitName } from '../exit-codes.ts'
import { amountText } from '../graph/limits-text.ts'
import { nodeText } from './node-text.ts'
import { printable, printableLine } from './printable.ts'
import { deadlineTexts, editForm, exampleText, requestLine } from './request-text.ts'
import type { Style, Tone } from './style.ts'
import { formatTime } from './units.ts'
import { counted, usageText } from './usage-text.ts'

/** Exit code of a command that drove a run to where it stands. */
export function exitOfStatus(status: RunResult['status']): ExitName {
  switch (status) {
    case 'completed':
      return 'done'
    case 'failed':
    case 'cancelled':
    case 'exhausted':
      return 'failed'
    case 'running':
    case 'waiting':
    case 'held':
    case 'parked':
      return 'unfinished'
  }
}

/** Tone in which a status is printed. */
export function toneOfStatus(status: RunResult['status']): Tone {
  if (status === 'completed') return 'good'
  if (exitOfStatus(status) === 'failed') return 'bad'
  return status === 'running' ? 'accent' : 'warn'
}

/** What advice needs. */
interface Advising {
  /** A command line to be typed. */
  readonly advise: (line: string) => string
  /** Ms since the epoch. */
  readonly now: number
}

/** What a run waits for. */
export interface Awaited {
  readonly requests: readonly Request[]
  readonly waits: readonly OpenWait[]
  /** Of the run's workflow: what events carry. */
  readonly graph?: Graph
  /** Where the run ended, if that is known; what was called off may have settled after it. */
  readonly endedAt?: number | null
}

/** Of a run that waits for nothing. */
export const nothingAwaited: Awaited = { requests: [], waits: [] }

/** What ended a run, or what it waits for, and what can be done. */
export function resultLines(
  result: RunResult<object>,
  awaited: Awaited,
  { style, advise, now }: { style: Style } & Advising,
): readonly string[] {
  const used = [counted(result.sequence + 1, 'checkpoint'), usageText(result.usage)].filter((part) => part !== '')
  return [
    `${style(toneOfStatus(result.status), result.status)}  run ${result.runId}  ${style('quiet', used.join(' · '))}`,
    ...(result.degraded ?? []).map((mark) => `${style('warn', 'degraded:')} ${degradedText(mark)}`),
    ...(result.unread ?? []).map((event) => `${style('warn', 'unread:')} ${unreadText(event)}`),
    ...endingLines(result, style),
    ...compensationLines(result.compensation, style),
    ...adviceLines(result, awaited, { advise, now }),
  ]
}

/** What of a run was not done as it was meant to be. */
export function degradedText({ node, by, step, why, times }: DegradedMark): string {
  return `${node}, step ${step}, ${by}: ${printableLine(why)}${times > 1 ? ` (${times} times)` : ''}`
}

/** An event that came and that no wait has taken. */
export function unreadText({ id, event, key }: UnreadEvent): string {
  return `event ${printableLine(event)}${key === null ? '' : ` for ${printableLine(key)}`} (${printableLine(id)})`
}

/** The one under way is neither undone nor still to be begun. */
function toGo(left: number | null): string {
  return left === null ? 'some to go' : `1 under way, ${left} more to go`
}

/** What became of what the run had done. */
export function compensationLines(compensation: RunResult['compensation'], style: Style): readonly string[] {
  if (compensation === undefined) return []
  const { done, skipped = 0, failed = [], left = [], stopped, underWay } = compensation
  const counts = [
    `${done} undone`,
    ...(skipped > 0 ? [`${skipped} had nothing to undo`] : []),
    ...(failed.length > 0 ? [style('bad', `${failed.length} failed`)] : []),
    ...(left.length > 0 ? [style('warn', `${left.length} left`)] : []),
    ...(underWay === undefined ? [] : [`${toGo(underWay.left)}, then it ends ${underWay.status}`]),
  ]
  return [
    `compensation: ${counts.join(', ')}`,
    ...failed.map(
      (one) =>
        `  ${undoPlace(one)}: ${one.outcome}${one.error === undefined ? '' : `, ${printableLine(one.error.message)}`}`,
    ),
    ...left.map((one) => `  ${undoPlace(one)}: left`),
    ...(stopped === undefined ? [] : [`  stopped by ${printableLine(stopped.by)}: ${printableLine(stopped.reason)}`]),
  ]
}

function undoPlace({ node, step, tool, item }: Pick<FailedUndo, 'node' | 'step' | 'tool' | 'item'>): string {
  return `${nodeText(node, item === undefined ? [] : [item])}${tool === undefined ? '' : ` ${tool}`}, step ${step}`
}

function endingLines({ status, output, error, limit }: RunResult<object>, style: Style): readonly string[] {
  if (status === 'completed' && output !== undefined) return printable(JSON.stringify(output, null, 2)).split('\n')
  if (error !== undefined)
    return [`${style('bad', 'error:')} ${printable(error.message)} ${style('quiet', `(${error.code})`)}`]
  return limit === undefined ? [] : [`limit hit: ${limitName(limit)}`]
}

function limitName(limit: NonNullable<RunResult['limit']>): string {
  return limit === 'costUsd' ? 'cost' : limit === 'durationMs' ? 'duration' : amountText(limit, 2).replace(/^\S+ /, '')
}

function adviceLines(
  { status, runId, sequence, compensation }: RunResult<object>,
  { requests, waits, graph, endedAt }: Awaited,
  { advise, now }: Advising,
): readonly string[] {
  if (status === 'failed' || status === 'exhausted') {
    return [
      `  look     ${advise(`show ${runId} --why`)}`,
      // What it did is undone: a fork has to begin before that, and where is for a person to say.
      ...(compensation === undefined
        ? [`  fork     ${advise(`fork ${runId} --at ${Math.max(0, (endedAt ?? sequence) - 1)}`)}`]
        : []),
    ]
  }
  if (status === 'held') return [`  release  ${advise(`release ${runId} --reason "…"`)}`]
  if (status === 'running' || status === 'parked') return [`  resume   ${advise(`resume ${runId}`)}`]
  if (status !== 'waiting') return []
  return [
    ...requests.flatMap((request) => decideLines(request, { runId, advise, now, isOnly: requests.length === 1 })),
    ...waits.flatMap((wait) => waitLines({ wait, runId, graph }, { advise, now })),
  ]
}

/** What a wait waits for, until when; one whose time is over while nobody drives the run is due. @param now - ms since the epoch */
export function waitText({ node, events, key, expiresAt }: Omit<OpenWait, 'step' | 'since'>, now: number): string {
  const isDue = expiresAt !== null && expiresAt <= now
  const until = expiresAt === null ? '' : `${isDue ? ', due since' : ' until'} ${formatTime(expiresAt)}`
  if (events.length === 0) return `${node}${until}`
  return `${node}, for event ${events.join(' or ')}${key === null ? '' : ` with key ${printableLine(key)}`}${until}`
}

interface AwaitingRun {
  readonly wait: OpenWait
  readonly runId: string
  readonly graph: Graph | undefined
}

function waitLines({ wait, runId, graph }: AwaitingRun, { advise, now }: Advising): readonly string[] {
  const { expiresAt } = wait
  const text = `waits: ${waitText(wait, now)}`
  if (expiresAt !== null && expiresAt <= now) return [text, `  resume   ${advise(`resume ${runId}`)}`]
  const key = wait.key === null ? '' : ` --key ${JSON.stringify(wait.key)}`
  const sends = wait.events.map(
    (event) => `  send     ${advise(`send ${runId} ${event}${key}${payloadOption(event, graph)}`)}`,
  )
  return [text, ...sends, ...(expiresAt === null ? [] : [`  then     ${advise(`resume ${runId}`)}`])]
}

/** What an event carries, as it is typed in a shell; empty for one that carries nothing. */
function payloadOption(event: string, graph: Graph | undefined): string {
  const events = graph === undefined ? [] : graphsOf(graph).flatMap(({ events: known = {} }) => Object.entries(known))
  const schema = events.find(([name]) => name === event)?.[1].payloadSchema
  if (schema === undefined) return " --payload '…'"
  return schema['type'] === 'null' ? '' : ` --payload ${exampleText({ example: exampleOfSchema(schema) })}`
}

function decideLines(
  request: Request,
  { runId, advise, now, isOnly }: Advising & { readonly runId: string; readonly isOnly: boolean },
): readonly string[] {
  const step = isOnly ? '' : ` --step ${request.step}`
  const { talk } = request
  const commands = request.options.map(({ outcome }) =>
    talk?.outcome === outcome
      ? `  say      ${advise(`answer ${runId} ${outcome}${step} --response '{"${talk.answer}":"…"}'`)}`
      : `  decide   ${advise(`${decideCommand(outcome, runId, request)}${step} --reason "…"`)}`,
  )
  return [
    `waits for a person: ${requestLine(request)}`,
    ...deadlineTexts(request, now).map((text) => `  expires  ${text}`),
    ...commands,
    `  look     ${advise(`show ${runId} --request`)}`,
  ]
}

function decideCommand(outcome: string, runId: string, request: Request): string {
  const { result } = request
  if (outcome === 'approved') return `approve ${runId}`
  if (outcome === 'edited') return `approve ${runId} --edit '${editForm(request)}'`
  if (outcome === 'rejected') return `reject ${runId}`
  return `answer ${runId} ${outcome}${result?.neededFor.includes(outcome) === true ? ` --result ${exampleText(result)}` : ''}`
}

/** The result of a run from its history alone, for runs whose workflow is not at hand. */
export function resultOf(history: History): RunResult<object> {
  const { row, graph } = history
  const { context } = history.at(history.last).snapshot
  const { state, ending, degraded } = context
  const output = Object.fromEntries(graph.output.flatMap((key) => (key in state ? [[key, state[key]] as const] : [])))
  return {
    runId: row.runId,
    status: row.status,
    usage: row.usage,
    ...(degraded === undefined ? {} : { degraded: Object.values(degraded) }),
    ...compensationOfRun(context),
    sequence: row.sequence,
    ...(row.status === 'completed' ? { output } : {}),
    ...(ending?.error === undefined ? {} : { error: ending.error }),
    ...(ending?.limit === undefined ? {} : { limit: ending.limit }),
  }
}

/** The stable form of a result for `--json`. */
export function resultJson(result: RunResult<object>, { requests, waits }: Awaited): object {
  const { runId, status, output, error, limit, usage, degraded, compensation, unread, sequence } = result
  return {
    runId,
    status,
    output: output ?? null,
    error: error ?? null,
    limit: limit ?? null,
    usage,
    ...(degraded !== undefined && { degraded }),
    ...(unread !== undefined && { unread }),
    ...(compensation !== undefined && { compensation }),
    sequence,
    requests,
    ...(waits.length > 0 && { waits }),
  }
}
