import type { SourceLine } from './source-line.ts'

/** Marks a guard and every expression over guards. */
export const guardMarker: unique symbol = Symbol.for('waystone.guard')

/** A guard as its author wrote it; nothing in it has been checked. */
export interface GuardDefinition {
  readonly type: 'guard'
  readonly name: unknown
  readonly reads: unknown
  readonly decide: unknown
  readonly version: unknown
  readonly state: object
  readonly source: SourceLine | undefined
}

/** A guard, or an expression over guards, as written. */
export type GuardTree =
  | GuardDefinition
  | { readonly type: 'failure'; readonly name: unknown }
  | { readonly type: 'active'; readonly node: unknown }
  | { readonly type: 'not'; readonly of: unknown }
  | { readonly type: 'all' | 'any'; readonly of: readonly unknown[] }

/** A condition on an edge: a named predicate over declared state keys, or an expression over such. */
export interface Guard<Values> {
  readonly [guardMarker]: GuardTree
  readonly '~guard': Values
}

/** Options of a guard. */
export interface GuardOptions {
  /** Part of the graph's identity, since function text is not: raise it when the guard's meaning changes. Default 1. */
  readonly version?: number
}

/** Makes a guard object out of what was written. */
export function makeGuard(tree: GuardTree): unknown {
  return Object.freeze({ [guardMarker]: Object.freeze(tree) })
}
