import type { StepKind } from './snapshot.ts'

/** What a transition asks for. Plain data; a runtime carries it out after the checkpoint is stored. */
export type Command =
  | {
      readonly type: 'effect'
      readonly step: number
      /** A path for a node of a nested workflow: `research/draft`. */
      readonly node: string
      readonly kind: Exclude<StepKind, 'approval' | 'resolve' | 'workflow' | 'wait'>
      readonly attempt: number
      /** Earliest start, ms since the epoch; absent: at once. */
      readonly notBefore?: number
      /** The items of maps that it is inside of, outermost first; absent: none. */
      readonly items?: readonly number[]
    }
  /** Abort an effect that is no longer wanted; its end, if one comes, only settles usage. */
  | { readonly type: 'cancelEffect'; readonly step: number }
  /** An effect that is no longer wanted may end by itself where it runs; where it does not, its end will never come. */
  | { readonly type: 'leaveEffect'; readonly step: number }
  /** Only in runs with nested workflows: a question to a person that nobody waits for any more. */
  | { readonly type: 'withdrawRequest'; readonly step: number }
  /** A wait that nothing can end any more: its branch has lost, or a limit was hit. */
  | { readonly type: 'closeWait'; readonly step: number }
  | { readonly type: 'setTimer'; readonly timer: string; readonly at: number }
  | { readonly type: 'clearTimer'; readonly timer: string }
  /** The run has ended and nothing is closing. */
  | { readonly type: 'finish'; readonly status: string }
