import {
  createActor,
  createMachine,
  type AnyActorRef,
  type AnyMachineSnapshot,
  type AnyStateMachine,
  type AnyStateNode,
} from 'xstate'
import type { MachineValue, Snapshot } from '../snapshot/snapshot.ts'
import type { MachineEvent, MachineInput } from './machine-event.ts'

/** Moves a machine without starting anything: the only place that calls XState at run time. */
export interface MachineRunner {
  /** The first snapshot: the start node entered. */
  begin(input: MachineInput): Snapshot
  /** The snapshot after one event. The given snapshot is plain JSON, as it comes out of a store. */
  move(snapshot: Snapshot, event: MachineEvent): Snapshot
  /** Names of the transitions that leave the machine where it is, whatever state takes them: the context is all that they change. */
  readonly inner: ReadonlySet<string>
}

/** What XState's transition asks of its surroundings. Nothing here acts: effects are taken from our own ledger. */
interface InertScope {
  readonly self: AnyActorRef
  readonly system: AnyActorRef['system']
  readonly id: string
  readonly sessionId: string
  readonly defer: () => void
  readonly logger: () => void
  readonly emit: () => void
  readonly stopChild: () => void
  readonly actionExecutor: () => void
}

function inertScope(): InertScope {
  const self = createActor(createMachine({ id: ':inert' }))
  const nothing = (): void => undefined
  return {
    self,
    system: self.system,
    id: '',
    sessionId: '',
    defer: nothing,
    logger: nothing,
    emit: nothing,
    stopChild: nothing,
    actionExecutor: nothing,
  }
}

/**
 * A runner with one scope for all its moves.
 *
 * XState's public `transition()` builds a hidden actor at every call, which runs the context factory again and costs two to
 * three times as much; a test proves that both give the same snapshots.
 */
export function createMachineRunner(machine: AnyStateMachine): MachineRunner {
  const scope = inertScope()
  const restore = createRestorer(machine)
  return {
    begin: (input) => atRest(machine.getInitialSnapshot(scope, input)),
    move: (snapshot, event) => atRest(machine.transition(restore(snapshot), event, scope)),
    inner: innerTransitions(machine.root),
  }
}

/** Those without a target: nothing is exited or entered, and no action but their own is run. */
function innerTransitions(root: AnyStateNode): ReadonlySet<string> {
  const inner = new Set<string>()
  const others = new Set<string>()
  const collect = (node: AnyStateNode): void => {
    for (const transitions of node.transitions.values()) {
      for (const { target, guard, actions } of transitions) {
        const name = nameOf(guard)
        if (name !== undefined) (target === undefined && actions.length === 1 ? inner : others).add(name)
      }
    }
    for (const child of Object.values(node.states)) collect(child)
  }
  collect(root)
  // An agent's call may lead back into its state or stay in it.
  for (const name of others) inner.delete(name)
  return inner
}

/** The transition that a guard compares with; XState keeps guards as they were given. */
function nameOf(guard: unknown): string | undefined {
  if (typeof guard !== 'object' || guard === null || !('params' in guard)) return undefined
  const { params } = guard
  if (typeof params !== 'object' || params === null || !('transition' in params)) return undefined
  return typeof params.transition === 'string' ? params.transition : undefined
}

/** State values whose snapshots are kept. */
const mostKept = 2_000

/**
 * Makes XState snapshots of ours. What they hold beside the context follows from the state value alone, so it is kept by value:
 * `resolveState` goes through all states of the machine each time.
 */
function createRestorer(machine: AnyStateMachine): (snapshot: Snapshot) => AnyMachineSnapshot {
  const byValue = new Map<string, AnyMachineSnapshot>()
  return ({ value, context }) => {
    const key = typeof value === 'string' ? value : JSON.stringify(value)
    let resolved = byValue.get(key)
    if (resolved === undefined) {
      // With branches there are as many values as combinations of their states.
      if (byValue.size >= mostKept) byValue.clear()
      resolved = machine.resolveState({ value, context: {} }) as AnyMachineSnapshot
      byValue.set(key, resolved)
    }
    // As XState clones its own: a snapshot is a plain object that holds its methods.
    return { ...resolved, context, children: {} } as AnyMachineSnapshot
  }
}

function atRest(snapshot: AnyMachineSnapshot): Snapshot {
  // XState's assign copies the context, so it is frozen once more.
  const context = Object.freeze(snapshot.context as Snapshot['context'])
  return Object.freeze({ value: freezeValue(snapshot.value as MachineValue), context })
}

function freezeValue(value: MachineValue): MachineValue {
  if (typeof value === 'string') return value
  for (const key in value) freezeValue(value[key] ?? '')
  return Object.freeze(value)
}
