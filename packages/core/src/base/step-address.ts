/** Where a step is: its node, and the items of maps around it. */
export interface StepAddress {
  /** A path for a node of a nested workflow. */
  readonly node: string
  /** The items of maps that it is inside of, by their places in their lists, outermost first; absent: none. */
  readonly items?: readonly number[]
  /** For an item of a map: its place in the list; absent: it is none. */
  readonly item?: number
}

/** A step as people are told of it, everywhere alike: `review/editor`; `review/editor[3]` of or in an item of a map; `[3,7]` for a map in an item. */
export function formatStep({ node, items = [], item }: StepAddress): string {
  const all = item === undefined ? items : [...items, item]
  return all.length === 0 ? node : `${node}[${all.join(',')}]`
}
