import { setImmediate } from 'node:timers/promises'
import { InputError, type Graph, type Request, type Run, type RunResult, type Runtime } from '@waystone/core'
import { closedText, type ClosedSource } from '../bind/closed-text.ts'
import type { BoundWorkflow } from '../bind/bind-workflow.ts'
import type { Context } from '../command.ts'
import type { ExitName } from '../exit-codes.ts'
import { exitOfStatus, nothingAwaited, resultJson, resultLines, type Awaited } from '../output/run-result.ts'
import { nodeText } from '../output/node-text.ts'
import { printable } from '../output/printable.ts'
import { plainStyle } from '../output/style.ts'
import { askPerson } from './ask-person.ts'
import type { Interrupts } from './interrupts.ts'
import { createLineReader, type LineReader } from './line-reader.ts'
import { createView, type RunView } from './view.ts'

/** How to show a run that is driven here. */
export interface DriveOptions {
  /** Several runs are shown at once: line by line, and nobody is asked. Default false. */
  readonly isOneOfMany?: boolean
  /** Events up to this sequence are known to whoever looks, and not shown again. */
  readonly after?: number
}

interface Driving {
  readonly run: Run<object>
  readonly runtime: Runtime
  readonly graph: Graph
  readonly view: RunView
  readonly interrupts: Interrupts
  readonly context: Context
  readonly canAsk: boolean
}

/**
 * Shows a run that this process drives until it ends or waits, and asks a person who is at the terminal.
 *
 * The result is printed, or given as JSON.
 */
export async function driveRun(
  run: Run<object>,
  bound: BoundWorkflow,
  { context, options = {} }: { context: Context; options?: DriveOptions },
): Promise<ExitName> {
  const view = createView(bound.graph, context, options.isOneOfMany)
  const { interrupts } = context
  const onInterrupt = (): void => {
    view.pause()
    // By then the remark about stopping stands where the block was.
    queueMicrotask(view.resume)
  }
  interrupts.signal.addEventListener('abort', onInterrupt, { once: true })
  const canAsk =
    (context.around.input.isTTY ?? false) &&
    context.around.out.isTerminal &&
    !context.isJson &&
    options.isOneOfMany !== true
  try {
    const driving: Driving = { run, runtime: bound.runtime, graph: bound.graph, view, interrupts, context, canAsk }
    const result = await toTheEnd(driving, options.after ?? -1)
    view.close()
    return await report(driving, result)
  } finally {
    view.close()
    interrupts.signal.removeEventListener('abort', onInterrupt)
  }
}

/** Null: interrupted. */
async function toTheEnd(
  { run, runtime, view, interrupts, context, canAsk }: Driving,
  after: number,
): Promise<RunResult<object> | null> {
  const follower = followEvents(run, view, { after, signal: interrupts.signal })
  let reader: LineReader | undefined
  const left = new Set<string>()
  try {
    for (;;) {
      const result = await restOrInterrupt(run, interrupts)
      if (result === null) return null
      await follower.reached(result.sequence)
      const request =
        result.status === 'waiting' && canAsk ? (await run.requests()).find(({ id }) => !left.has(id)) : undefined
      if (request === undefined) return result
      const isFirst = reader === undefined
      reader ??= createLineReader(context.around)
      view.pause()
      if (!(await decideAtTerminal({ run, runtime, context, request, reader, isFirst, signal: interrupts.signal })))
        left.add(request.id)
      view.resume()
    }
  } finally {
    reader?.close()
    follower.stop()
  }
}

async function restOrInterrupt(run: Run<object>, interrupts: Interrupts): Promise<RunResult<object> | null> {
  try {
    const result = await run.result({ until: 'rest', signal: interrupts.signal })
    return interrupts.isInterrupted ? null : result
  } catch (error) {
    if (interrupts.isInterrupted) return null
    throw error
  }
}

interface TerminalDecision extends ClosedSource {
  readonly run: Run<object>
  readonly context: Context
  readonly request: Request
  readonly reader: LineReader
  readonly isFirst: boolean
  readonly signal: AbortSignal
}

/** @returns false when the person left it open */
async function decideAtTerminal({
  run,
  runtime,
  context,
  request,
  reader,
  isFirst,
  signal,
}: TerminalDecision): Promise<boolean> {
  const closed = new AbortController()
  const stop = AbortSignal.any([signal, closed.signal])
  void abortWhenClosed({ run, request, signal: stop }, closed)
  const decision = await askPerson(request, { reader, signal: stop, isFirst }, context)
  const wasClosed = closed.signal.aborted
  closed.abort()
  if (wasClosed) {
    const became = await closedText({ run, runtime }, request.step)
    context.print('', became ?? `${nodeText(request.node, request.items)} is no longer open.`)
  }
  if (decision === null) return wasClosed
  try {
    const isQuestion = 'question' in decision
    const acceptance = isQuestion ? await run.ask(request, decision) : await run.decide(request, decision)
    if (isQuestion) context.print(`Asked. Answer with: ${context.advise(`answer ${run.runId} --text "…"`)}`)
    if (acceptance.type === 'refused') context.note(`Refused (${acceptance.reason}): ${printable(acceptance.message)}`)
  } catch (error) {
    // A slip of the person who types: they are told, and asked again.
    if (!InputError.isInstance(error) || !slips.has(error.code)) throw error
    context.note(printable(error.message))
  }
  return true
}

const slips: ReadonlySet<string> = new Set(['WAYSTONE_INPUT_DECISION', 'WAYSTONE_INPUT_QUESTION'])

/** Aborts once the request has been decided elsewhere or has expired; not when it was no longer waited for. */
async function abortWhenClosed(
  watch: { run: Run<object>; request: Request; signal: AbortSignal },
  closed: AbortController,
): Promise<void> {
  const { run, request, signal } = watch
  try {
    for await (const event of run.events({ signal })) {
      if (event.sequence > request.sequence && 'step' in event && event.step === request.step) break
    }
    if (!signal.aborted) closed.abort()
  } catch {
    // A store that fails is reported when the decision is handed to it.
  }
}

interface Follower {
  /** Settles when everything up to a sequence has been shown. */
  reached(sequence: number): Promise<void>
  stop(): void
}

function followEvents(
  run: Run<object>,
  view: RunView,
  { after, signal }: { after: number; signal: AbortSignal },
): Follower {
  const stop = new AbortController()
  const waiting = new Set<() => void>()
  const wake = (): void => {
    for (const check of waiting) check()
  }
  let hasEnded = false
  const follow = async (): Promise<void> => {
    for await (const event of run.events({ tokens: true, signal: AbortSignal.any([stop.signal, signal]) })) {
      if (event.sequence <= after) view.skip(event)
      else view.show(event)
      wake()
    }
  }
  // Events only show what is stored anyway; a store that fails is reported by the run itself.
  void follow()
    .catch(() => undefined)
    .finally(() => {
      hasEnded = true
      wake()
    })
  return {
    async reached(sequence) {
      await new Promise<void>((resolve) => {
        const check = (): void => {
          if (view.progress.sequence < sequence && !hasEnded) return
          waiting.delete(check)
          resolve()
        }
        waiting.add(check)
        check()
      })
      // A checkpoint has several events, which come one after the other without a turn of the loop in between.
      await setImmediate()
    },
    stop: () => stop.abort(),
  }
}

async function report(
  { run, graph, view, interrupts, context }: Driving,
  result: RunResult<object> | null,
): Promise<ExitName> {
  if (result !== null) {
    const awaited = { ...(await awaitedBy(run, result.status)), graph, endedAt: view.progress.endedAt }
    context.print('', ...resultLines(result, awaited, { ...context, now: context.around.now() }))
    context.json(resultJson(result, awaited))
    return exitOfStatus(result.status)
  }
  await interrupts.stopped()
  const status = await run.status()
  const awaited = { ...(await awaitedBy(run, status.status)), graph }
  if (awaited.requests.length + awaited.waits.length > 0)
    context.note(...resultLines(status, awaited, { ...context, style: plainStyle, now: context.around.now() }))
  else context.note(`Stopped at checkpoint ${status.sequence}. Go on with: ${context.advise(`resume ${run.runId}`)}`)
  context.json(resultJson(status, awaited))
  return 'interrupted'
}

/** What a run waits for now. */
export async function awaitedBy(run: Run<object>, status: RunResult['status']): Promise<Awaited> {
  return status === 'waiting' ? { requests: await run.requests(), waits: await run.waits() } : nothingAwaited
}
