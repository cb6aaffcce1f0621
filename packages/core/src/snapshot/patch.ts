import type { Json, JsonPath } from '../base/json.ts'

/** A value of a patch: itself, a pointer into the event's payload, or a list of such. */
export type PatchValue = { readonly v: Json } | { readonly e: JsonPath } | { readonly l: readonly PatchValue[] }

/**
 * One change of a snapshot: set, append to a list, unset.
 *
 * Shape: a path starts at the snapshot: `['value']` is the machine's value, `['context', 'state', 'notes']` a state key.
 * An empty path sets the whole snapshot.
 */
export type PatchOperation =
  | readonly ['set', JsonPath, PatchValue]
  | readonly ['append', JsonPath, PatchValue]
  | readonly ['unset', JsonPath]

/** All changes of one transition, in order. */
export type Patch = readonly PatchOperation[]
