import type { Target } from '../graph/graph.ts'
import type { BranchStatus } from '../snapshot/open-fork.ts'
import type { RunContext } from '../snapshot/snapshot.ts'
import type { ActorInput, MachineEvent } from './machine-event.ts'
import type { RouteMemo } from './route-memo.ts'
import type { RouteParts } from './route-parts.ts'

/** A transition as XState's configuration has it. */
export interface TransitionConfig {
  readonly target?: string
  readonly reenter?: true
  readonly guard?:
    | {
        readonly type: 'chosen'
        readonly params: {
          readonly transition: string
          readonly when?: string
          readonly limit?: string
          /** Branches that it leads on to, which begin by themselves. */
          readonly to?: string
        }
      }
    | {
        readonly type: 'stands'
        readonly params: { readonly join: string; readonly branch: string; readonly as: readonly BranchStatus[] }
      }
  readonly actions: readonly string[]
}

/** A state as XState's configuration has it. */
export interface StateConfig {
  readonly id: string
  readonly type?: 'final' | 'parallel'
  readonly initial?: string
  readonly entry?: readonly string[]
  readonly invoke?: {
    readonly id: string
    readonly src: string
    readonly input: (args: { readonly context: RunContext }) => ActorInput
  }
  readonly on?: { readonly [event: string]: readonly TransitionConfig[] }
  readonly states?: { readonly [name: string]: StateConfig }
}

/** What an action is called with. */
export interface ActionArgs {
  readonly context: RunContext
  readonly event: MachineEvent
}

/** An action: the context after it. */
export type ContextChange = (args: ActionArgs) => RunContext

/** The XState id of a target; node names hold no colon, so these cannot meet the generated names. */
export function stateId(target: Target): string {
  return target.startsWith(':') ? `#state${target}` : `#node:${target}`
}

/** The XState id of where a transition to a target leads: before some ends the run undoes what it did. */
export function targetId({ undoTargets }: Pick<Parts, 'undoTargets'>, target: Target): string {
  return undoTargets?.get(target) ?? stateId(target)
}

/** Collects what the states name: every action is a change of the context. */
export interface Parts extends RouteParts {
  readonly memo: RouteMemo
  /** Ids of the states that stand before ends of the run; null: none do. */
  readonly undoTargets: ReadonlyMap<string, string> | null
  readonly isLean: boolean
  readonly changes: Map<string, ContextChange>
}

/** Name of the action that leaves a join. */
export function joinAction(join: string): string {
  return `raise:${join}`
}

/** Name of the action after which branches of a fork begin that waited. */
export function settledAction(join: string): string {
  return `settle:${join}`
}

/** Ids of generated states hold a colon, which names of nodes never do. */
export function branchId(join: string, entry: string): string {
  return `branch:${join}:${entry}`
}

/** Name of the parallel state of a fork. */
export function forkState(join: string): string {
  return `:fork:${join}`
}

/** Id of the state in which a branch has ended. */
export function endedId(join: string, entry: string): string {
  return `${branchId(join, entry)}:joined`
}

/** What a transition's guard is called with. */
export type Params = Extract<TransitionConfig['guard'], { type: 'chosen' }>['params']
