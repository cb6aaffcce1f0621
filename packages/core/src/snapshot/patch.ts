import type { Json, JsonPath } from '../base/json.ts'

/** A value of a patch: itself, a pointer into the event's payload, or a list of such. */
export type PatchValue = { readonly v: Json } | { readonly e: JsonPath } | { readonly l: readonly PatchValue[] }

/** One change of a snapshot: set, append to a list, unset. The path's root is `{ value, context }`'s context, or `:value` for the machine's value. */
export type PatchOperation =
  | readonly ['set', JsonPath, PatchValue]
  | readonly ['append', JsonPath, PatchValue]
  | readonly ['unset', JsonPath]

/** All changes of one transition, in order. */
export type Patch = readonly PatchOperation[]
