import type { SourceLine } from './source-line.ts'

/** What a group may have to itself beside state keys, given to the runtime under its name. */
export const groupOwns = ['secrets', 'store'] as const
/** Something that a group has to itself. */
export type GroupOwn = (typeof groupOwns)[number]

/** A group as its author wrote it; nothing in it has been checked. */
export interface GroupDefinition {
  readonly name: unknown
  readonly config: Readonly<Record<string, unknown>>
  readonly source: SourceLine | undefined
}

/** What makes a group. What is not declared here does not cross. */
export interface GroupConfig<Shape, Export extends string> {
  /** State keys that only nodes of the group read and write; default none. Their names are unique in the workflow. */
  readonly state?: Shape
  /** Keys of the shared state that its nodes may write; default none. */
  readonly exports?: readonly Export[]
  /** Gates and approvals of the group whose verdict nodes outside may hear; default none. */
  readonly verdicts?: readonly string[]
  /** `secrets`: its tools resolve secrets with a resolver of its own. `store`: what is private to it is kept in a store of its own, and runs refer to it. Default nothing. */
  readonly own?: readonly GroupOwn[]
  /** For people. */
  readonly description?: string
}

/** Makes what is kept of a group. */
export function makeGroup(name: unknown, config: unknown, source: SourceLine | undefined): GroupDefinition {
  const given = typeof config === 'object' && config !== null ? config : {}
  return Object.freeze({ name, config: Object.freeze({ ...given }), source })
}
