import type { Figure, Target } from './measure.ts'
import type { Spent } from './one-run.ts'
import { median, perSecond } from './statistics.ts'

/** One round: the engine and its floor, taken right after one another so that a busy moment meets both. */
export interface Pair {
  readonly steps: number
  readonly engine: Spent
  readonly floorMs: number
}

/** What a figure of steps per second is called and held against. */
export interface SpeedOptions {
  readonly name: string
  readonly floor: string
  readonly target?: Target
  readonly ratio?: Target
  readonly note?: string
}

/** Steps per second of the engine, and as a ratio to its floor. */
export function speedFigure(pairs: readonly Pair[], { name, floor, target, ratio, note }: SpeedOptions): Figure {
  const speeds = pairs.map(({ steps, engine }) => perSecond(steps, engine.wallMs))
  const cpuMicros = median(pairs.map(({ steps, engine }) => (engine.cpuMs * 1_000) / steps))
  const notes = [`${cpuMicros.toFixed(1)} µs of processor time a step`, ...(note === undefined ? [] : [note])]
  return {
    name,
    unit: 'steps/s',
    value: median(speeds),
    ...(target !== undefined && { target }),
    floor: { name: floor, value: median(pairs.map(({ steps, floorMs }) => perSecond(steps, floorMs))) },
    ratio: {
      value: median(pairs.map(({ engine, floorMs }) => floorMs / engine.wallMs)),
      ...(ratio !== undefined && { target: ratio }),
    },
    rounds: speeds,
    note: notes.join('; '),
  }
}
