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
  /** Takes the live part off the screen, so that something else can be printed; it comes back with the next event. */
  readonly pause: () => void
  close(): void
  readonly progress: Progress
}

/** The view that fits where the output goes: a live block on a terminal, plain lines elsewhere; with `--json` lines to standard error. */
export function createView(graph: Graph, context: Context, prefix = ''): RunView {
  const isLive =
    context.around.out.isTerminal && !context.isJson && prefix === '' && context.around.env['TERM'] !== 'dumb'
  return isLive ? liveView(graph, context) : plainView(graph, context, prefix)
}

function plainView(graph: Graph, context: Context, prefix: string): RunView {
  let progress = noProgress
  return {
    show(event) {
      progress = advance(progress, event)
      const lines = eventLines(event, { graph, style: context.style, startedAt: progress.startedAt ?? event.at })
      const prefixed = lines.map((line) => prefix + line)
      if (prefixed.length === 0) return
      if (context.isJson) context.note(...prefixed)
      else context.print(...prefixed)
    },
    skip(event) {
      progress = advance(progress, event)
    },
    pause: () => undefined,
    close: () => undefined,
    get progress() {
      return progress
    },
  }
}

const redrawMs = 100

function liveView(graph: Graph, context: Context): RunView {
  const { out } = context.around
  let progress = noProgress
  let height = 0
  let isPaused = false
  const erase = (): string => {
    const text = height === 0 ? '' : `\u001b[${height}A\u001b[0J`
    height = 0
    return text
  }
  const draw = (lines: readonly string[] = []): void => {
    const gone = erase()
    const block = isPaused
      ? []
      : liveBlock(progress, { graph, style: context.style, now: context.around.now(), columns: out.columns })
    height = block.length
    const text = [...lines, ...block].map((line) => `${line}\n`).join('')
    if (gone !== '' || text !== '') out.write(gone + text)
  }
  const timer = setInterval(() => {
    if (!isPaused && progress.sequence >= 0) draw()
  }, redrawMs)
  return {
    show(event) {
      progress = advance(progress, event)
      isPaused = false
      const lines = eventLines(event, { graph, style: context.style, startedAt: progress.startedAt ?? event.at })
      // What only changes the block is drawn at its next turn.
      if (lines.length > 0) draw(lines)
    },
    skip(event) {
      progress = advance(progress, event)
    },
    pause() {
      isPaused = true
      draw()
    },
    close() {
      clearInterval(timer)
      isPaused = true
      draw()
    },
    get progress() {
      return progress
    },
  }
}
