import type { Decision } from '../snapshot/decision.ts'
import type { MachineValue, Snapshot } from '../snapshot/snapshot.ts'
import { exhaustAround } from './exhaust-around.ts'
import type { MachineEvent } from './machine-event.ts'
import { pathAt, type Place } from './place.ts'
import type { Route } from './routed.ts'
import type { Facts, RunAt } from './run-at.ts'

/** What a move came to. */
export interface Moved {
  readonly next: Snapshot
  readonly facts: Facts
}

/**
 * Moves the machine; the decision of a join that fired on the way is part of the one before it. Where a workflow around it has no more
 * left for the move, that one moves instead, after what ended was counted.
 */
export function moveMachine(run: RunAt, event: MachineEvent): Moved {
  const { compiled, snapshot } = run
  const { result, routes } =
    movedInside(run, event) ?? compiled.memo.recording(() => compiled.runner.move(snapshot, event))
  const stopped = routes.find((route) => route.decision?.limit?.up !== undefined)
  const hit = stopped?.decision?.limit
  const above = stopped === undefined || hit === undefined ? undefined : exhaustAround(run, { ...stopped, hit })
  let decision: Decision | undefined
  for (let place = routes.length - 1; place >= 0; place--) {
    const route = routes[place]
    const own =
      route === stopped && above !== undefined && route?.decision
        ? { ...route.decision, to: above.to }
        : route?.decision
    if (own !== null && own !== undefined) decision = decision === undefined ? own : { ...own, next: decision }
  }
  const named = decision === undefined ? undefined : decisionAt(run, decision)
  if (above !== undefined) return { next: above.next, facts: { decision: named, isWhole: true } }
  const { changes } = routes.length === 1 && routes[0] !== undefined ? routes[0] : noRoute
  return { next: result, facts: { decision: named, changes } }
}

const noRoute: Partial<Route> = Object.freeze({})

/**
 * A move after which the machine is where it was: only the context changes, so there is nothing to ask XState. Undefined: it is to be asked, also
 * where branches wait for one another, which begin by themselves.
 */
function movedInside(
  { compiled, snapshot }: RunAt,
  event: MachineEvent,
): { readonly result: Snapshot; readonly routes: readonly Route[] } | undefined {
  if (compiled.isThorough === true) return undefined
  const route = compiled.memo.routeOf(snapshot.context, event)
  if (route === undefined || !compiled.runner.inner.has(route.transition)) return undefined
  const { value, context } = snapshot
  if (route.context.forks !== context.forks || !standsAt(value, route.decision?.node)) return undefined
  return { result: Object.freeze({ value, context: route.context }), routes: [route] }
}

function standsAt(value: MachineValue, node: string | undefined): boolean {
  if (node === undefined) return false
  if (typeof value === 'string') return value === node
  for (const name in value) if (name === node || standsAt(value[name] ?? '', node)) return true
  return false
}

/** A decision as the run tells it: nodes of nested workflows by their paths. */
function decisionAt(place: Place, decision: Decision): Decision {
  if (place.around.length === 0) return decision
  const { next, limit } = decision
  return {
    ...decision,
    node: pathAt(place, decision.node),
    ...(limit?.node !== undefined && { limit: { ...limit, node: pathAt(place, limit.node) } }),
    ...(next !== undefined && { next: decisionAt(place, next) }),
  }
}
