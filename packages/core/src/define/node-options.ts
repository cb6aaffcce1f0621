import type { z } from 'zod'
import type { Duration } from './duration.ts'
import type { Given } from './node.ts'
import type { RetryOptions } from './retry.ts'

/** What every node may declare. */
export interface NodeOptions<Reads extends string, Heard extends string> {
  /** State keys its work may read; default none. */
  readonly reads?: readonly Reads[]
  /** Names of gates and approvals whose last verdict its work may read; default none. */
  readonly hears?: readonly Heard[]
  /** For people. */
  readonly description?: string
  /** An operator may redirect a run here; default false. */
  readonly redirectable?: boolean
}

/** What every node with an effect may declare. */
export interface EffectOptions<Reads extends string, Heard extends string> extends NodeOptions<Reads, Heard> {
  readonly retry?: RetryOptions
  /** Longest time of one attempt; default none. An `unsafe` effect that takes longer ends `unknown`, any other `timeout`. */
  readonly timeout?: Duration
}

/** How the read slice becomes the input. */
export interface InputMapping<Input, View> {
  readonly input: (given: View) => Input
}

/** The read slice is the input as it stands; it may still be mapped. */
export interface InputFits<Input, View> {
  readonly input?: (given: View) => Input
}

/** `input` is needed exactly when the read slice does not already fit. */
export type InputRule<Input, View extends { readonly state: unknown }> = View['state'] extends Input ? InputFits<Input, View> : InputMapping<Input, View>

/** How the output becomes a patch. */
export interface ApplyMapping<Output, Patch, View> {
  readonly apply: (output: Output, given: View) => Patch
}

/** The output's keys that the node writes are the patch; it may still be mapped. */
export interface ApplyFits<Output, Patch, View> {
  readonly apply?: (output: Output, given: View) => Patch
}

type WrittenKeys<Patch> = { [Key in keyof Patch]-?: [Patch[Key]] extends [undefined] ? never : Key }[keyof Patch]

/** `apply` is needed exactly when the output is not already the patch. */
export type ApplyRule<Output, Patch, View> = [WrittenKeys<Patch>] extends [keyof Output]
  ? Output extends { readonly [Key in WrittenKeys<Patch>]?: Patch[Key] | undefined }
    ? ApplyFits<Output, Patch, View>
    : ApplyMapping<Output, Patch, View>
  : ApplyMapping<Output, Patch, View>

/** What a node's functions are given, from its declared names. */
export type View<Reads extends keyof Values, Heard extends string, Values> = Given<Reads, Heard, Values>

/** A schema that types say nothing more about. */
export type AnySchema = z.ZodType
