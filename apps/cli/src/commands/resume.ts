import { readHistory } from '@waystone/core'
import { hasEnded, type RunRow } from '@waystone/core/store'
import { isOwned } from '../bind/is-owned.ts'
import { lacksLive, openRow, openRun, type RunOptions } from '../bind/open-run.ts'
import { sayMissing, wholeStore } from '../bind/whole-store.ts'
import type { CommandDefinition, CommonOptions, Context } from '../command.ts'
import type { ExitName } from '../exit-codes.ts'
import { awaitedBy, driveRun } from '../live/drive.ts'
import { loadConfig } from '../load/config-file.ts'
import { printable } from '../output/printable.ts'
import { exitNameOf, messageOf } from '../output/report-error.ts'
import { exitOfStatus, nothingAwaited, resultJson, resultOf } from '../output/run-result.ts'

interface ResumeOptions extends CommonOptions, RunOptions {}

/** `waystone resume [RUN]`. */
export const resume: CommandDefinition<ResumeOptions> = {
  examples: [
    ['resume last', 'go on with the newest run'],
    ['resume', 'go on with every run that was left unfinished and does not wait for a person'],
  ],
  configure: (command) =>
    command
      .argument('[run]', 'id, beginning of an id, or "last" (default: all that can go on)')
      .option('--file <file>', 'the workflow, when it has moved: FILE or FILE#export')
      .option('--live', 'use real models; needed for runs that were started with them'),
  async run([reference], options, context) {
    if (reference === undefined) return resumeAll(options, context)
    const row = await openRow(reference, options, context)
    return resumeOne(row, { options, context })
  },
}

interface Resuming {
  readonly options: ResumeOptions
  readonly context: Context
  /** Others are shown at the same time, each with its id before every line. */
  readonly isOneOfMany?: boolean
}

/** Goes on with one run in this process and shows it. */
export async function resumeOne(row: RunRow, { options, context, isOneOfMany = false }: Resuming): Promise<ExitName> {
  if (hasEnded(row.status)) {
    context.note(`Run ${row.runId} has ended: ${row.status}.`)
    context.json(
      resultJson(
        resultOf(await readHistory(await wholeStore(row, options, context), row.runId, sayMissing(context))),
        nothingAwaited,
      ),
    )
    return exitOfStatus(row.status)
  }
  if (lacksLive(row, options)) {
    context.note(liveAdvice(row, context))
    await showStanding(row, { options, context })
    return 'unfinished'
  }
  const { bound, run } = await openRun(row, options, context)
  try {
    const known = await run.status()
    await run.resume()
    const note = `run ${row.runId}  ${context.style('quiet', `${row.workflow} version ${row.workflowVersion}, going on after checkpoint ${known.sequence}`)}`
    if (context.isJson) context.note(note)
    else context.print(note)
    return await driveRun(run, bound, {
      context,
      options: { after: known.sequence, isOneOfMany },
    })
  } finally {
    await bound.close()
  }
}

/** Gives where a run stands, without driving it. */
async function showStanding(row: RunRow, { options, context }: Resuming): Promise<void> {
  if (!context.isJson) return
  const { run, bound } = await openRun(row, { ...options, live: true }, context)
  try {
    const status = await run.status()
    context.json(resultJson(status, await awaitedBy(run, status.status)))
  } finally {
    await bound.close()
  }
}

/** What to say of a run with real models that may not go on without `--live`. */
export function liveAdvice(row: RunRow, { advise }: Context): string {
  return `Run ${row.runId} was started with real models. Going on may cost money, so say it: ${advise(`resume ${row.runId} --live`)}`
}

async function resumeAll(options: ResumeOptions, context: Context): Promise<ExitName> {
  const configStore = options.store === undefined ? (await loadConfig(context.around.cwd)).config.store : undefined
  const store = await context.store(configStore)
  const claimable = await store.claimable(context.around.now(), 1000)
  const running = (await store.list({ status: ['running'], limit: 1000 })).rows
  const rows = [...new Map([...running, ...claimable].map((row) => [row.runId, row])).values()]
  if (rows.length === 0) context.print(`Nothing to go on with in ${store.name}.`)
  const outcomes = await Promise.all(rows.map((row) => resumeQuietly(row, options, context)))
  context.json({
    runs: await Promise.all(
      rows.map(async ({ runId }, index) => ({
        runId,
        exit: outcomes[index],
        status: (await store.row(runId))?.status ?? null,
      })),
    ),
  })
  return worst(outcomes)
}

async function resumeQuietly(row: RunRow, options: ResumeOptions, context: Context): Promise<ExitName> {
  const own = contextOfRun(row, context)
  try {
    return await resumeOne(row, { options, context: own, isOneOfMany: true })
  } catch (error) {
    own.note(printable(messageOf(error)))
    return isOwned(error) ? 'unfinished' : exitNameOf(error)
  }
}

/** What is said of one run among others has its id before every line; its result is in that of all. */
function contextOfRun({ runId }: RunRow, context: Context): Context {
  const named = (lines: readonly string[]): readonly string[] =>
    lines.flatMap((text) => text.split('\n')).map((line) => `${runId}  ${line}`.trimEnd())
  return {
    ...context,
    json: () => undefined,
    print: (...lines) => context.print(...named(lines)),
    note: (...lines) => context.note(...named(lines)),
  }
}

const severity: readonly ExitName[] = ['bug', 'interrupted', 'store', 'call', 'failed', 'unfinished']

function worst(outcomes: readonly ExitName[]): ExitName {
  return severity.find((name) => outcomes.includes(name)) ?? 'done'
}
