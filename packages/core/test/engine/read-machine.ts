import type { AnyStateMachine, AnyStateNode } from 'xstate'

/** A transition as it stands in a compiled machine. */
export interface ReadTransition {
  /** The node state it is taken in, inner states counted to their node. */
  readonly from: string
  readonly event: string
  /** What its action says is taken; null: it has no such action. */
  readonly taken: string | null
  /** Name of the state it leads to, inner states as `node/model`; null: it stays. */
  readonly to: string | null
  readonly isReentering: boolean
}

/** Names of the states at the top that are no ends. */
export function readNodes(machine: AnyStateMachine): readonly string[] {
  return Object.values(machine.root.states)
    .filter((state) => state.type !== 'final')
    .map((state) => state.key)
}

/** Every transition of every state, in order, read from states and transitions and nothing else. */
export function readTransitions(machine: AnyStateMachine): readonly ReadTransition[] {
  return Object.values(machine.root.states).flatMap((state) => readState(state, state.key))
}

function readState(state: AnyStateNode, from: string): readonly ReadTransition[] {
  const own = [...state.transitions].flatMap(([event, list]) =>
    list.map((transition) => ({
      from,
      event,
      taken: takenBy(transition.actions),
      to: transition.target?.[0] === undefined ? null : transition.target[0].path.join('/'),
      isReentering: transition.reenter,
    })),
  )
  return [...own, ...Object.values(state.states).flatMap((inner) => readState(inner, from))]
}

function takenBy(actions: readonly unknown[]): string | null {
  for (const action of actions) {
    const name: unknown = typeof action === 'object' && action !== null ? Reflect.get(action, 'type') : action
    if (typeof name === 'string' && name.startsWith('take:')) return name.slice('take:'.length)
  }
  return null
}

/** Every state of a machine, the root and inner ones included. */
export function readStates(machine: AnyStateMachine): readonly AnyStateNode[] {
  const below = (state: AnyStateNode): readonly AnyStateNode[] => [state, ...Object.values(state.states).flatMap(below)]
  return below(machine.root)
}
