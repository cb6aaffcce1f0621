import type { Figure, Target } from './measure.ts'

/** How a figure stands to its targets. */
export type Verdict = 'ok' | 'stretch' | 'missed' | 'no target'

/** Holds a figure, and its ratio, against what they are to be. */
export function verdictOf({ value, target, ratio }: Figure): Verdict {
  const held = [
    ...(target === undefined ? [] : [verdictOn(value, target)]),
    ...(ratio?.target === undefined ? [] : [verdictOn(ratio.value, ratio.target)]),
  ]
  if (held.includes('missed')) return 'missed'
  if (held.includes('stretch')) return 'stretch'
  return held.length > 0 ? 'ok' : 'no target'
}

function verdictOn(value: number, target: Target): Verdict {
  const isReached = (wanted: number): boolean => (target.is === 'at least' ? value >= wanted : value <= wanted)
  if (!isReached(target.value)) return 'missed'
  return target.stretch !== undefined && isReached(target.stretch) ? 'stretch' : 'ok'
}
