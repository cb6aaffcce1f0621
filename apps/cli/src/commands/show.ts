import {
  blamePath,
  calledOffIn,
  processLiveness,
  progressOf,
  readHistory,
  type Checkpoint,
  type History,
  type JsonPath,
} from '@waystone/core'
import { hasEnded, type Owner, type RefusedEvent, type RunRow } from '@waystone/core/store'
import { openRow, openRun, type RunOptions } from '../bind/open-run.ts'
import { tagNames } from '../bind/tag-names.ts'
import { sayMissing, wholeStore } from '../bind/whole-store.ts'
import type { CommandDefinition, CommonOptions, Context } from '../command.ts'
import { argumentError, readCount } from '../json-argument.ts'
import { blameLines } from '../output/blame-text.ts'
import { changeLines } from '../output/change-text.ts'
import { decisionLines } from '../output/decision-text.ts'
import { nodeText } from '../output/node-text.ts'
import { openRequests, type OpenRequest } from '../output/open-requests.ts'
import { openWaits } from '../output/open-waits.ts'
import { keptBackLines } from '../output/kept-back-text.ts'
import { placeLines, placesOf, type PlaceInLine } from '../output/line-text.ts'
import { overviewLines } from '../output/overview.ts'
import { progressLines } from '../output/progress-text.ts'
import { parsePath } from '../output/path-text.ts'
import { printable, printableExcerpt, printableLine } from '../output/printable.ts'
import { refusedText } from '../output/refused-text.ts'
import { requestLines } from '../output/request-text.ts'
import { rowJson } from '../output/row-json.ts'
import { timelineJson, timelineLines, type TimelineLook } from '../output/timeline.ts'

interface ShowOptions extends CommonOptions, RunOptions {
  readonly at?: string
  readonly state?: boolean
  readonly why?: boolean
  readonly diff?: boolean
  readonly progress?: boolean
  readonly blame?: string
  readonly request?: boolean
  readonly pid?: boolean
}

/** `waystone show RUN`. */
export const show: CommandDefinition<ShowOptions> = {
  examples: [
    ['show last', 'what it did, checkpoint by checkpoint'],
    ['show last --why', 'every decision: edges tried, guards, what they read'],
    ['show 01k9 --at 12 --diff', 'what checkpoint 12 changed in the state'],
    ['show last --blame reply', 'who wrote a value, from what, and who approved it'],
    ['show last --progress', 'how far each node is'],
    ['show last --request', 'what it asks a person, in full'],
    ['show last --pid', 'the id of the process that drives it, and nothing else'],
  ],
  configure: (command) =>
    command
      .argument('<run>', 'id, beginning of an id, or "last"')
      .option('--at <sequence>', 'look at this checkpoint (default: the last; with --why: all)')
      .option('--state', 'the state at that checkpoint')
      .option('--why', 'the decisions: candidate edges, guards, what they read, the edge taken')
      .option('--progress', 'how far each node was at that checkpoint')
      .option('--diff', 'what that checkpoint changed in the state')
      .option('--blame <path>', 'who wrote a path of the state last, such as reply or notes[0].text')
      .option('--request', 'what is open for people now, in full')
      .option('--pid', 'the id of the process on this machine that drives it')
      .option('--file <file>', 'the workflow, when it has moved (for --request)'),
  async run([reference = ''], options, context) {
    refuseTwoViews(options)
    const row = await openRow(reference, options, context)
    if (options.request === true) return showRequests(row, options, context)
    if (options.pid === true) return showPid(row, context)
    const history = await readHistory(await wholeStore(row, options, context), row.runId, sayMissing(context))
    const at = options.at === undefined ? undefined : readCount(options.at, '--at')
    const places = hasEnded(row.status) ? [] : placesOf(await (await context.store()).line(), row.runId)
    const origin = row.forkedFrom
    const isOriginGone = origin !== null && (await (await context.store()).row(origin.runId)) === undefined
    const refused = await (await context.store()).refused(row.runId)
    showView(history, { options, at, places, isOriginGone, refused, context })
    return 'done'
  },
}

function refuseTwoViews(options: ShowOptions): void {
  const names = (['state', 'why', 'progress', 'diff', 'blame', 'request', 'pid'] as const).filter(
    (name) => options[name] !== undefined,
  )
  if (names.length > 1)
    throw argumentError(`found ${names.map((name) => `--${name}`).join(' and ')}; allowed is one of them`)
}

/** For `kill`: of a process on another machine, in another container, or that has ended, the id means nothing here. */
function showPid({ runId, lease }: RunRow, context: Context): 'done' | 'failed' {
  const owner = lease?.owner
  const state = owner === undefined ? 'dead' : processLiveness.stateOf(owner)
  const isHere = state === 'alive' || (state === 'unknown' && cannotTell(owner))
  context.json({ runId, owner: isHere ? { host: owner?.host, pid: owner?.pid } : null })
  if (isHere) context.print(String(owner?.pid))
  else if (owner === undefined || state === 'dead') context.note(`No process drives run ${runId}.`)
  else
    context.note(
      `Run ${runId} is driven by process ${owner.pid} on ${printable(owner.host)}, which is not to be seen from here.`,
    )
  return isHere ? 'done' : 'failed'
}

/** On this machine, where no process is known by more than its id. */
function cannotTell(owner: Owner | undefined): boolean {
  const { host, processStartedAt } = processLiveness.self()
  return owner?.host === host && processStartedAt === ''
}

async function showRequests(
  row: Awaited<ReturnType<typeof openRow>>,
  options: ShowOptions,
  context: Context,
): Promise<'done'> {
  const { run, bound } = await openRun(row, { ...options, live: row.tags[tagNames.models] === 'live' }, context)
  try {
    const requests = await run.requests()
    context.json({ runId: row.runId, requests })
    const look = { style: context.style, now: context.around.now() }
    context.print(
      ...(requests.length === 0
        ? [`Run ${row.runId} asks nothing now; it is ${row.status}.`]
        : requests.flatMap((request) => requestLines(request, look))),
    )
    return 'done'
  } finally {
    await bound.close()
  }
}

interface Looking {
  readonly options: ShowOptions
  readonly at: number | undefined
  /** What waits in line. */
  readonly places: readonly PlaceInLine[]
  /** What it was forked from is no longer stored. */
  readonly isOriginGone: boolean
  /** What was delivered to it in vain. */
  readonly refused: readonly RefusedEvent[]
  readonly context: Context
}

function showView(history: History, looking: Looking): void {
  const { options, at, context } = looking
  const sequence = at ?? history.last
  if (options.state === true) showState(history, sequence, context)
  else if (options.why === true) showWhy(history, at, context)
  else if (options.progress === true) showProgress(history, sequence, context)
  else if (options.diff === true) showDiff(history, sequence, context)
  else if (options.blame !== undefined) showBlame(history, { path: parsePath(options.blame), sequence }, context)
  else showOverview(history, looking)
}

function showState(history: History, sequence: number, { print, json }: Context): void {
  const { state } = history.at(sequence).snapshot.context
  json({ runId: history.row.runId, sequence, state })
  print(printable(JSON.stringify(state, null, 2)))
}

function showWhy(history: History, at: number | undefined, { print, json, advise }: Context): void {
  const looked = at === undefined ? history.checkpoints : [history.at(at).checkpoint]
  const decisions = looked.flatMap((checkpoint) => {
    const { sequence, decision } = checkpoint
    return decision === null ? [] : [{ sequence, decision, checkpoint }]
  })
  json({ runId: history.row.runId, decisions: decisions.map(({ sequence, decision }) => ({ sequence, decision })) })
  if (decisions.length === 0) print(at === undefined ? 'Nothing was decided yet.' : `Checkpoint ${at} decided nothing.`)
  for (const { sequence, decision, checkpoint } of decisions) {
    const [first = '', ...decided] = decisionLines(decision, history.graph, itemsOf(checkpoint))
    const others = [...keptBackLines(checkpoint), ...decided, ...askedLines(history, sequence, advise)]
    print(`${String(sequence).padStart(4)}  ${first}`, ...others.map((line) => `      ${line}`))
  }
}

/** The requests that a decision led to: why somebody is asked, and where the whole of it is to be seen. */
function askedLines(history: History, sequence: number, advise: Context['advise']): readonly string[] {
  const { graph, row, last } = history
  const openAt = (at: number): readonly OpenRequest[] =>
    at < 0 ? [] : openRequests(history.at(at).snapshot.context, graph)
  const before = new Set(openAt(sequence - 1).map(({ step }) => step))
  const asked = openAt(sequence).filter(({ step }) => !before.has(step))
  if (asked.length === 0) return []
  const still = new Set(openAt(last).map(({ step }) => step))
  return asked.map(({ step, node, items, tool, reason }) => {
    const about = tool === null ? '' : ` about ${printableLine(tool)}`
    const why = reason === '' ? '' : `: ${printableExcerpt(reason, 100)}`
    const look = still.has(step) ? `  ${advise(`show ${row.runId} --request`)}` : ''
    return `  ? ${nodeText(node, items)} asks${about}, step ${step}${why}${look}`
  })
}

function timelineLook({ style, around }: Context): TimelineLook {
  return { style, ...(around.out.isTerminal && { width: around.out.columns }) }
}

/** The items of maps that a decision is about; an item that goes on inside is one of its map. */
function itemsOf({ items = [], step, decision }: Checkpoint): readonly number[] {
  return step?.item !== undefined && decision?.to === null ? [...items, step.item] : items
}

function showProgress(history: History, sequence: number, context: Context): void {
  const { snapshot } = history.at(sequence)
  const nodes = progressOf(history.graph, history.checkpoints.slice(0, sequence + 1), snapshot)
  context.json({ runId: history.row.runId, sequence, nodes })
  context.print(...progressLines(nodes, context.style))
}

function showDiff(history: History, sequence: number, context: Context): void {
  const changes = sequence === 0 ? history.diff(0, 0) : history.diff(sequence - 1, sequence)
  context.json({ runId: history.row.runId, from: Math.max(0, sequence - 1), to: sequence, changes })
  context.print(
    ...(changes.length === 0
      ? [`Checkpoint ${sequence} changed nothing in the state.`]
      : changes.flatMap((change) => changeLines(change, context.style))),
  )
}

function showBlame(history: History, { path, sequence }: { path: JsonPath; sequence: number }, context: Context): void {
  const blame = blamePath(history, path, sequence)
  context.json({ runId: history.row.runId, ...blame })
  context.print(...blameLines(blame, context.style))
}

function showOverview(history: History, { at, places, isOriginGone, refused, context }: Looking): void {
  const checkpoints = at === undefined ? history.checkpoints : [history.at(at).checkpoint]
  const waits = openWaits(history.at(history.last).snapshot.context)
  const calledOff = calledOffIn(history.checkpoints)
  context.json({
    run: rowJson(history.row),
    ...(places.length > 0 && { places }),
    checkpoints: checkpoints.map((checkpoint) => timelineJson(checkpoint, calledOff.get(checkpoint.sequence))),
    waits,
    refused,
  })
  const line = placeLines(places).map((text) => `${context.style('quiet', 'in line'.padEnd(10))}${text}`)
  const head = overviewLines(history, context, { isOriginGone })
  const kept = refused.map((event) => `${context.style('quiet', 'refused'.padEnd(10))}${refusedText(event)}`)
  context.print(...head, ...kept, ...line, '', ...timelineLines(checkpoints, history, timelineLook(context)))
}
