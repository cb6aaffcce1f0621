import { createActor, createMachine, type AnyActorRef, type AnyMachineSnapshot, type AnyStateMachine } from 'xstate'
import type { MachineValue, Snapshot } from '../snapshot/snapshot.ts'
import type { MachineEvent, MachineInput } from './machine-event.ts'

/** Moves a machine without starting anything: the only place that calls XState at run time. */
export interface MachineRunner {
  /** The first snapshot: the start node entered. */
  begin(input: MachineInput): Snapshot
  /** The snapshot after one event. The given snapshot is plain JSON, as it comes out of a store. */
  move(snapshot: Snapshot, event: MachineEvent): Snapshot
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
  }
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
