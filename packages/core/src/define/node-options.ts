import type { Duration } from './duration.ts'
import type { Signal } from './event.ts'
import type { RetryOptions } from './retry.ts'

/** What every node may declare. */
export interface NodeOptions<Reads extends string, Heard extends string> {
  /** State keys its work may read; default none. */
  readonly reads?: readonly Reads[]
  /** Names of gates and approvals whose last verdict its work may read; default none. */
  readonly hears?: readonly Heard[]
  /** Events at which it begins: an edge that emits one leads here. Default none. */
  readonly on?: Signal | readonly Signal[]
  /** In branches of a fork: nodes that share this name are never under way at the same time. */
  readonly exclusive?: string
  /** For people. */
  readonly description?: string
  /** An operator may redirect a run to this node; default false. */
  readonly redirectable?: boolean
}

/** What every node with an effect may declare. */
export interface EffectOptions<Reads extends string, Heard extends string> extends NodeOptions<Reads, Heard> {
  readonly retry?: RetryOptions
  /** Longest time of one attempt; default none. An `unsafe` effect that takes longer ends `unknown`, any other `timeout`. */
  readonly timeout?: Duration
  /** In a branch of a fork: `fork` reads the state as it was when the fork was taken, whatever branches have written since. */
  readonly sees?: 'fork'
}

/** How the read slice becomes the input of a tool or an agent. */
export interface InputMapping<Input, View> {
  /** Needed only where the read slice is not already the input. */
  readonly input?: (given: View) => Input
}

/** The read slice is not the input: `input` must map it. */
export interface InputDiffers<_Reads, _Input> {
  readonly input: unknown
}

/** `input` is needed exactly when the read slice does not already fit. */
export type InputRule<Reads, Input> = Reads extends Input ? unknown : InputDiffers<Reads, Input>

/** How the output becomes a patch. */
export interface ApplyMapping<Output, Result, View> {
  /** Needed only where the output does not already hold the keys that the node writes. */
  readonly apply?: (output: Output, given: View) => Result
}

/** The output does not hold the keys that the node writes: `apply` must make the patch. */
export interface OutputDiffers<_Output, _Writes> {
  readonly apply: unknown
}

/** `apply` is needed exactly when the output is not already the patch. */
export type ApplyRule<Output, Writes> = [keyof Writes] extends [keyof Output]
  ? Output extends { readonly [Key in keyof Writes]?: Writes[Key] | undefined }
    ? unknown
    : OutputDiffers<Output, Writes>
  : OutputDiffers<Output, Writes>

/** Stands for a function that has nothing to work on; nothing fits it. */
export interface NothingToApply {
  readonly '~withoutOutputTheAnswerIsThePatch': never
}

/** Refuses keys in what a function gives back that are no state keys, at that function. */
export type ExtraKeys<Field extends string, Key extends PropertyKey> = [Key] extends [never]
  ? unknown
  : { readonly [Name in Field]: `no such state key: ${Key & string}` }
