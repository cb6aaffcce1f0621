import { forkTarget } from '@waystone/core'

/** Targets as people say them. */
export function targetText(target: string | null): string {
  if (target === null) return 'stays'
  return targetNames[target] ?? target
}

const targetNames: { readonly [target: string]: string } = {
  ':end': 'end',
  ':fail': 'failed',
  ':exhausted': 'exhausted',
  ':person': 'a person is asked',
  [forkTarget]: 'fork',
}
