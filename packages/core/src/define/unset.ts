/**
 * In a patch: removes an optional state key. A patch cannot hold `undefined`.
 *
 * @example
 * run: () => ({ reply: UNSET })
 */
export const UNSET: unique symbol = Symbol.for('waystone.unset')

/** The type of {@link UNSET}. */
export type Unset = typeof UNSET
