import { compensationOfRun, formatPlace, openIn, processLiveness, type History, type LimitName } from '@waystone/core'
import { tagNames } from '../bind/tag-names.ts'
import type { Context } from '../command.ts'
import { amountText } from '../graph/limits-text.ts'
import { handedLines } from './handoff-text.ts'
import { nodeText } from './node-text.ts'
import { openRequests } from './open-requests.ts'
import { openWaits } from './open-waits.ts'
import { printable, printableLine } from './printable.ts'
import { deadlineTexts } from './request-text.ts'
import { compensationLines, degradedText, toneOfStatus, unreadText, waitText } from './run-result.ts'
import { formatDuration, formatTime } from './units.ts'
import { counted, usageText } from './usage-text.ts'

/** A run's header: what it is, how it stands, what it used and what is left. @param about - `isOriginGone`: what it was forked from is no longer stored */
export function overviewLines(
  history: History,
  { style, advise, around }: Context,
  { isOriginGone = false }: { readonly isOriginGone?: boolean } = {},
): readonly string[] {
  const { row, graph, checkpoints, last } = history
  const { context } = history.at(last).snapshot
  const label = (text: string): string => style('quiet', text.padEnd(10))
  const used = [counted(row.steps, 'step'), usageText(row.usage)].filter((part) => part !== '').join(' · ')
  const left = Object.entries(checkpoints[last]?.left ?? {}) as [LimitName, number][]
  const tags = Object.entries(row.tags)
    .filter(([name]) => !name.startsWith('waystone.'))
    .map(([name, value]) => `${name}=${printableLine(value)}`)
  const where = row.nodes.length === 0 ? '' : ` at ${row.nodes.join(', ')}`
  const { ending, held } = context
  return [
    `${label('run')}${style('strong', row.runId)}`,
    `${label('workflow')}${graph.name} version ${graph.version}  ${style('quiet', formatPlace(graph.place))}`,
    ...(row.tags[tagNames.module] === undefined
      ? []
      : [
          `${label('from')}${printableLine(row.tags[tagNames.module] ?? '')}, ${row.tags[tagNames.models] ?? 'no'} models`,
        ]),
    `${label('status')}${style(toneOfStatus(row.status), row.status)}${where}`,
    `${label('begun')}${formatTime(row.createdAt)}, ${ending === null ? 'last moved' : 'ended'} ${formatDuration(row.updatedAt - row.createdAt)} later`,
    ...(used === '' ? [] : [`${label('used')}${used}`]),
    ...(left.length === 0
      ? []
      : [`${label('left')}${left.map(([name, amount]) => amountText(name, amount)).join(' · ')}`]),
    ...(tags.length === 0 ? [] : [`${label('tags')}${tags.join('  ')}`]),
    ...(row.key === null ? [] : [`${label('key')}${printableLine(row.key)}`]),
    ...(row.forkedFrom === null
      ? []
      : [
          `${label('fork of')}${row.forkedFrom.runId} at ${row.forkedFrom.sequence}${isOriginGone ? ', which is no longer stored' : ''}`,
        ]),
    ...(row.lease === null ? [] : [`${label('driven by')}${driverText(row, row.lease, advise)}`]),
    ...Object.values(context.degraded ?? {}).map((mark) => `${label('degraded')}${degradedText(mark)}`),
    ...askLines(history, around.now()).map((line) => `${label('asks')}${line}`),
    ...waitLines(history, { now: around.now(), advise }).map((line) => `${label('waits')}${line}`),
    ...Object.entries(context.received ?? {}).flatMap(([id, message]) =>
      Object.values(openIn(context)).some((open) => open.event === id)
        ? []
        : [`${label('unread')}${unreadText({ id, ...message })}`],
    ),
    ...(context.handoffs === undefined ? [] : handedLines(context.handoffs, label)),
    ...(held === null ? [] : [`${label('held')}by ${printableLine(held.by)}: ${printableLine(held.reason)}`]),
    ...(ending?.error === undefined
      ? []
      : [`${label('error')}${printable(ending.error.message)} (${ending.error.code})`]),
    ...(ending?.limit === undefined ? [] : [`${label('limit')}${ending.limit} was hit and no edge was there for it`]),
    ...(ending?.by === undefined
      ? []
      : [`${label('cancelled')}by ${printableLine(ending.by)}: ${printableLine(ending.reason ?? '')}`]),
    ...compensationLines(compensationOfRun(context).compensation, style),
  ]
}

/** What it asks people, and until when. */
function askLines(history: History, now: number): readonly string[] {
  const { context } = history.at(history.last).snapshot
  return openRequests(context, history.graph).map((request) => {
    const tool = request.tool === null ? '' : ` about ${printableLine(request.tool)}`
    const deadline = deadlineTexts(request, now).map((text) => `, expires ${text}`)
    return `step ${request.step}  ${nodeText(request.node, request.items)}${tool}${deadline.join('')}`
  })
}

/** What it waits for, and how one whose time is over goes on. */
function waitLines(
  history: History,
  { now, advise }: { readonly now: number; readonly advise: Context['advise'] },
): readonly string[] {
  return openWaits(history.at(history.last).snapshot.context).map((wait) => {
    const text = waitText(wait, now)
    const isDue = wait.expiresAt !== null && wait.expiresAt <= now
    return isDue ? `${text}; it goes on with: ${advise(`resume ${history.row.runId}`)}` : text
  })
}

type Row = History['row']

/** Who drives a run; one that was killed still stands there until somebody goes on with it. */
function driverText({ runId }: Row, { owner }: NonNullable<Row['lease']>, advise: Context['advise']): string {
  const driver = `process ${owner.pid} on ${printableLine(owner.host)}`
  return processLiveness.stateOf(owner) === 'dead'
    ? `${driver}, which has ended; go on with: ${advise(`resume ${runId}`)}`
    : driver
}
