import type { z } from 'zod'
import type { Json } from '../base/json.ts'
import type { JsonLike } from './node.ts'
import type { Rule } from './rule.ts'
import type { Unset } from './unset.ts'

/** What a state key may be declared with: a zod schema, or a schema under a merge rule. */
export type StateEntry = z.core.$ZodType | Rule<unknown, unknown, 'required' | 'optional'>

/** Value of one state key, when it is there. */
export type ValueOf<Entry> =
  Entry extends Rule<infer Value, unknown, 'required' | 'optional'>
    ? Value
    : Entry extends z.core.$ZodType
      ? Exclude<z.output<Entry>, undefined>
      : never

/** True for a key that may be absent. */
export type IsOptional<Entry> = Entry extends { readonly '~presence': infer Presence }
  ? 'optional' extends Presence
    ? true
    : false
  : Entry extends z.core.$ZodType
    ? undefined extends z.output<Entry>
      ? true
      : false
    : false

/** Values of a declared state, as they are read. */
export type ValuesOf<Shape> = {
  readonly [Key in keyof Shape as IsOptional<Shape[Key]> extends true ? never : Key]: ValueOf<Shape[Key]>
} & {
  readonly [Key in keyof Shape as IsOptional<Shape[Key]> extends true ? Key : never]?: ValueOf<Shape[Key]>
  // The detour makes editors show the object itself instead of the way it was computed.
} extends infer Values
  ? { readonly [Key in keyof Values]: Values[Key] }
  : never

/** The value with lists and objects that nobody may write: what is given is copied, and literals are inferred as such. */
export type ReadonlyDeep<Value> = [z.core.util.JSONType] extends [Value]
  ? Json
  : // First, since a branded text is an object too.
    Value extends string | number | boolean | null | undefined
    ? Value
    : { readonly [Key in keyof Value]: ReadonlyDeep<Value[Key]> }

/** Values of a declared state, as a patch may hold them. */
export type PatchesOf<Shape> = {
  // Written out, so that messages show the value and not how it was computed.
  readonly [Key in keyof Shape]:
    | ReadonlyDeep<Shape[Key] extends { readonly '~patch': infer Patch } ? Patch : ValueOf<Shape[Key]>>
    | (IsOptional<Shape[Key]> extends true ? Unset : never)
} extends infer Patches
  ? { readonly [Key in keyof Patches]: Patches[Key] }
  : never

/** Why values do not survive JSON, in words; never when they do. */
export type JsonProblem<Value> = unknown extends Value
  ? 'Not allowed in state: any or unknown; say what it is, or use z.json()'
  : Value extends JsonLike | undefined
    ? never
    : Value extends Date
      ? 'Not allowed in state: Date does not survive JSON; use z.iso.datetime()'
      : Value extends bigint
        ? 'Not allowed in state: bigint does not survive JSON; use z.string()'
        : 'Not allowed in state: it holds a value that does not survive JSON (Date, bigint, Map, Set, function, symbol, class instance)'

/** What is wrong with the declaration of a state key, in words; never when nothing is. */
export type EntryProblem<Entry> = Entry extends z.core.$ZodPipe | z.core.$ZodTransform
  ? 'Not allowed in state: a transform; state holds values as they are'
  : Entry extends z.core.$ZodDefault
    ? 'Not allowed in state: a default; give it in the input schema'
    : JsonProblem<ValueOf<Entry>>

/** Refuses entries whose values do not survive JSON, each with its reason. */
export type CheckedShape<Shape> = {
  readonly [Key in keyof Shape]: [EntryProblem<Shape[Key]>] extends [never] ? unknown : EntryProblem<Shape[Key]>
}

/** Needed keys among these: those that must be in the state. */
export type Needed<Name extends keyof Values, Values> = {
  [Key in Name]-?: undefined extends Values[Key] ? never : Key
}[Name] &
  string
