import { forkTarget } from '@waystone/core'
import { nodeText } from './node-text.ts'

/** Targets as people say them. */
export function targetText(target: string | null): string {
  if (target === null) return 'stays'
  return targetNames[target] ?? target
}

/** The workflow that a path's node is in, by the node that holds it, with the items of maps that it is inside of. */
export interface HolderOf {
  readonly node: string
  readonly items: readonly number[]
}

/** A target of a node as the run sees it: by its path where the node is in a nested workflow, in the same items, and an end as the end of that. */
export function placedText(target: string | null, { node, items }: HolderOf): string {
  const holder = holderOf(node)
  if (target === null || holder === '') return targetText(target)
  const inside = innerEnds[target]
  if (inside !== undefined) return `${inside} ${nodeText(holder, items)}`
  return Object.hasOwn(targetNames, target) ? targetText(target) : nodeText(`${holder}/${target}`, items)
}

/** The path of a target that is a node. */
export function placedPath(target: string, node: string): string {
  const holder = holderOf(node)
  return holder === '' ? target : `${holder}/${target}`
}

function holderOf(node: string): string {
  return node.slice(0, Math.max(0, node.lastIndexOf('/')))
}

const innerEnds: { readonly [target: string]: string | undefined } = {
  ':end': 'end of',
  ':fail': 'failure of',
  ':exhausted': 'exhaustion of',
}

const targetNames: { readonly [target: string]: string } = {
  ':end': 'end',
  ':fail': 'failed',
  ':exhausted': 'exhausted',
  ':cancelled': 'cancelled',
  ':person': 'a person is asked',
  [forkTarget]: 'fork',
}
