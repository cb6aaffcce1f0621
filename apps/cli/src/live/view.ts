import type { Graph, RunEvent } from '@waystone/core'
import type { Context } from '../command.ts'
import { eventLines } from './event-lines.ts'
import { liveBlock } from './live-block.ts'
import { advance, noProgress, type Progress } from './progress.ts'

/** Shows a run while it goes on. */
export interface RunView {
  show(event: RunEvent): void
  /** Takes in an event that was shown before, by this process or another. */
  skip(event: RunEvent): void
  /** Leaves the screen to something else: from here on events are kept back. */
  readonly pause: () => void
  /** Shows what was kept back, and goes on. */
  readonly resume: () => void
  /** Shows what was kept back, and nothing more. */
  close(): void
  readonly progress: Progress
}

/** The view that fits where the output goes: a live block on a terminal, plain lines elsewhere; with `--json` lines to standard error. */
export function createView(graph: Graph, context: Context, isOneOfMany = false): RunView {
  const isLive =
    context.around.out.isTerminal && !context.isJson && !isOneOfMany && context.around.env['TERM'] !== 'dumb'
  return createRunView(graph, context, isLive ? liveScreen(graph, context) : plainScreen(context))
}

/** Where lines of a run go. */
interface Screen {
  /** Writes lines that stay. */
  write(lines: readonly string[], progress: Progress): void
  /** Takes away what does not stay. */
  clear(): void
  /** Called at the end. */
  close(): void
}

function createRunView(graph: Graph, context: Context, screen: Screen): RunView {
  let progress = noProgress
  let kept: string[] | null = null
  let isClosed = false
  const resume = (): void => {
    const lines = kept ?? []
    kept = null
    if (!isClosed) screen.write(lines, progress)
  }
  return {
    show(event) {
      progress = advance(progress, event)
      const lines = eventLines(event, { graph, style: context.style, startedAt: progress.startedAt ?? event.at })
      if (kept !== null) kept.push(...lines)
      else if (!isClosed) screen.write(lines, progress)
    },
    skip(event) {
      progress = advance(progress, event)
    },
    pause() {
      kept ??= []
      screen.clear()
    },
    resume,
    close() {
      if (isClosed) return
      resume()
      isClosed = true
      screen.close()
    },
    get progress() {
      return progress
    },
  }
}

function plainScreen(context: Context): Screen {
  return {
    write(lines) {
      if (lines.length === 0) return
      if (context.isJson) context.note(...lines)
      else context.print(...lines)
    },
    clear: () => undefined,
    close: () => undefined,
  }
}

const redrawMs = 100

function liveScreen(graph: Graph, { style, around }: Context): Screen {
  const { out } = around
  let height = 0
  let latest: Progress | null = null
  const draw = (lines: readonly string[], block: readonly string[]): void => {
    const gone = height === 0 ? '' : `\u001b[${height}A\u001b[0J`
    height = block.length
    const text = [...lines, ...block].map((line) => `${line}\n`).join('')
    if (gone !== '' || text !== '') out.write(gone + text)
  }
  const redraw = (lines: readonly string[]): void => {
    if (latest === null) return
    draw(lines, liveBlock(latest, { graph, style, now: around.now(), columns: out.columns }))
  }
  const timer = setInterval(() => redraw([]), redrawMs)
  return {
    write(lines, progress) {
      latest = progress
      // What only changes the block is drawn at its next turn.
      if (lines.length > 0) redraw(lines)
    },
    clear() {
      latest = null
      draw([], [])
    },
    close() {
      clearInterval(timer)
      latest = null
      draw([], [])
    },
  }
}
