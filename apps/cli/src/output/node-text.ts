import { formatStep } from '@waystone/core'

/** A node by its path, with the items of maps that it is inside of: `review/editor[3]`; `[3,7]` for a map inside an item. */
export function nodeText(node: string, items: readonly number[] = []): string {
  return formatStep({ node, items })
}
