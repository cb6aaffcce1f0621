import { mkdirSync } from 'node:fs'
import { dirname, join, relative, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { createRuntime, replayRun, type Run, type Runtime, type RunResult } from '@waystone/core'
import { createSqliteStore } from '@waystone/sqlite'
import { askAtTerminal, decideWithoutTerminal } from './demo/ask.ts'
import { chooseRepository } from './demo/choose-repository.ts'
import { clockTime, createProgress, type Progress } from './demo/progress.ts'
import config from './waystone.config.ts'
import { releaseNotes } from './workflow.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const { values: options } = parseArgs({
  options: {
    /** Where runs are kept; default: `.waystone/runs.db` of this project. */
    store: { type: 'string' },
    /** Runs on the bundled repository even where there is a history. */
    fixture: { type: 'boolean', default: false },
  },
})
const storePath = options.store === undefined ? join(root, '.waystone', 'runs.db') : resolve(options.store)
const folder = dirname(storePath)
const onStore = options.store === undefined ? '' : ` --store ${storePath}`
const hasTerminal = process.stdin.isTTY && process.stdout.isTTY && process.env['CI'] === undefined
/** What a shell takes for a program that Ctrl-C has ended. */
const interruptedCode = 130

await main()

async function main(): Promise<void> {
  mkdirSync(folder, { recursive: true })
  const store = createSqliteStore({ path: storePath })
  const { offlineModels: models = {}, ...bindings } = config
  const runtime = createRuntime({ ...bindings, models, store, workflows: [releaseNotes] })
  const interrupts = watchInterrupts(runtime)
  try {
    await mentionUnfinished(runtime)
    const run = await start(runtime)
    const result = await drive(run, interrupts)
    if (interrupts.signal.aborted) await reportStopped(run, interrupts)
    else await report(runtime, run, result)
  } finally {
    await runtime.close()
    await store.close()
  }
}

/** Ctrl-C and its like. */
interface Interrupts {
  /** Fires at the first one. */
  readonly signal: AbortSignal
  /** Settles when what ran has ended and is committed. */
  readonly stopped: () => Promise<void>
  /** For a terminal that gives Ctrl-C as a key. */
  readonly interrupt: () => void
}

/** The first one: what is running may end and is committed, nothing new starts. The second: now. As the `waystone` command does. */
function watchInterrupts(runtime: Runtime): Interrupts {
  const first = new AbortController()
  let closing: Promise<void> | undefined
  const interrupt = (): void => {
    if (closing !== undefined) {
      print('Stopped at once.')
      process.exit(interruptedCode)
    }
    closing = runtime.close({ drain: true })
    print('', 'Stopping: what is running may end and is kept. Press Ctrl-C again to stop at once.')
    first.abort()
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  return { signal: first.signal, interrupt, stopped: async () => await closing }
}

/** Runs that an earlier demo left, by kill -9 or for a person. */
async function mentionUnfinished(runtime: Runtime): Promise<void> {
  const { rows } = await runtime.list({ workflow: releaseNotes.name, status: ['running', 'waiting'] })
  const [last] = rows
  if (last !== undefined) print(`An earlier run is unfinished (${last.status}): ${waystone('resume', last.runId)}`, '')
}

async function start(runtime: Runtime): Promise<Run<{ file: string; notes: string }>> {
  const { input, note } = await chooseRepository(root, folder, options.fixture)
  const at = new Date().toISOString().slice(0, 19).replace('T', '-').replaceAll(':', '')
  const saveAs = join(folder, 'release-notes', `notes-${at}-${process.pid}.md`)
  const run = await runtime.start(releaseNotes, {
    input: { ...input, saveAs },
    // So that `resume`, `approve` and the others find the workflow of this run again.
    tags: {
      'waystone.module': `${fileURLToPath(new URL('workflow.ts', import.meta.url))}#releaseNotes`,
      'waystone.models': 'offline',
    },
  })
  print(
    `Release notes of ${note}.`,
    'Models: rules that need no network and no key. Nothing leaves this machine.',
    `Run ${run.runId}`,
    '',
  )
  return run
}

/** Follows the run and puts its requests to a person until it ends, is left open or is interrupted. */
async function drive(
  run: Run<{ file: string; notes: string }>,
  { signal: interrupted, interrupt }: Interrupts,
): Promise<RunResult<{ file: string; notes: string }>> {
  let asked: { readonly step: number; readonly closed: AbortController } | undefined
  const progress = createProgress({
    print: (line) =>
      asked !== undefined && !asked.closed.signal.aborted && hasTerminal ? print('', line) : print(line),
    closed: (step) => (asked?.step === step ? asked.closed.abort() : undefined),
  })
  const shown = new AbortController()
  const showing = show(run, progress, AbortSignal.any([shown.signal, interrupted]))
  try {
    for (;;) {
      const result = await run.result({ until: 'rest', signal: interrupted })
      const [request] = result.status === 'waiting' ? await run.requests() : []
      if (request === undefined) {
        if (result.status !== 'waiting') await showing
        return result
      }
      asked = { step: request.step, closed: new AbortController() }
      const signal = AbortSignal.any([asked.closed.signal, interrupted])
      const decision = hasTerminal
        ? await askAtTerminal(request, { signal, interrupt })
        : decideWithoutTerminal(process.env['CI'] !== undefined)
      if (decision === null && !asked.closed.signal.aborted) return result
      const answer = decision === null ? undefined : await run.decide(request, decision)
      if (answer?.type === 'refused') print(`Not taken (${answer.reason}): ${answer.message}`)
    }
  } catch (error) {
    if (interrupted.aborted) return run.status()
    throw error
  } finally {
    shown.abort()
    await showing
  }
}

async function show(run: Run<unknown>, progress: Progress, signal: AbortSignal): Promise<void> {
  try {
    for await (const event of run.events({ signal })) progress.take(event)
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

async function reportStopped(run: Run<unknown>, { stopped }: Interrupts): Promise<void> {
  await stopped()
  const { sequence } = await run.status()
  print(`Stopped at checkpoint ${sequence}.`)
  await advise(run)
  process.exitCode = interruptedCode
}

async function report(
  runtime: Runtime,
  run: Run<unknown>,
  result: RunResult<{ file: string; notes: string }>,
): Promise<void> {
  const { runId } = result
  print('')
  if (result.status === 'completed' && result.output !== undefined && 'written' in result.output) {
    print(`Notes   ${relative(process.cwd(), result.output.file)}`)
  } else if (result.status === 'completed') {
    print('Nobody approved in time, or the notes were turned down: nothing was written.')
  } else if (result.status === 'failed') {
    print(`The run failed: ${result.error?.message ?? 'no reason was recorded'}`)
    process.exitCode = 1
  } else {
    await advise(run)
    return
  }
  print(`Run     ${runId}, ${result.sequence + 1} checkpoints in ${relative(process.cwd(), storePath)}`)
  print(`Replay  ${waystone('replay', runId)}`)
  await replay(runtime, runId)
  suggest(runId)
}

/** How a run that has not ended goes on. What is asked can be decided, as long as it is. */
async function advise(run: Run<unknown>): Promise<void> {
  const { runId, status } = await run.status()
  const asked = status === 'waiting' ? await run.requests() : []
  const until = asked.flatMap(({ expiresAt }) => (expiresAt === null ? [] : [clockTime(expiresAt)]))
  print(
    `The run is ${status}${until.length === 0 ? '' : `, until ${until.join(', ')}`}. Go on with: ${waystone('resume', runId)}`,
    ...(asked.length === 0 ? [] : [`or decide:   ${waystone('approve', runId)}`]),
  )
}

/** Derives every transition again from the stored events: no model, no git, no file. */
async function replay(runtime: Runtime, runId: string): Promise<void> {
  const begun = performance.now()
  const { checkpoints, divergence } = await replayRun(runtime.store, releaseNotes, runId)
  const took = Math.round(performance.now() - begun)
  if (divergence === null)
    print(
      `        replayed just now: ${checkpoints} transitions derived again in ${took} ms, equal to the byte; no model or tool was called`,
    )
  else {
    print(`        replayed just now: differs at ${divergence.sequence}: ${divergence.message}`)
    process.exitCode = 1
  }
}

function suggest(runId: string): void {
  const file = 'examples/release-notes/workflow.ts'
  print(
    '',
    'Next:',
    `  ${waystone('show', `${runId} --why`)}`,
    '      which edges were tried, which was taken, and why',
    `  ${waystone('show', `${runId} --blame notes`)}`,
    '      who wrote the notes, with which model, from what, and who approved them',
    `  ${waystone('audit', runId)}`,
    '      people, decisions, policies, and whether anything was tampered with',
    `  npm run -s waystone -- check ${file}`,
    '      what is proven before anything runs: worst cases, policies',
    `  npm run -s waystone -- graph ${file} --format svg > release-notes.svg`,
    '      the picture',
  )
}

/** A command of this repository as a person types it. */
function waystone(name: string, rest: string): string {
  return `npm run -s waystone -- ${name} ${rest}${onStore}`
}

function print(...lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`)
}
