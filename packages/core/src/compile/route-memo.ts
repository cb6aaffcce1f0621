import { describeThrown } from '../errors/describe-thrown.ts'
import { invariantError } from '../errors/invariant-error.ts'
import type { ErrorRecord } from '../errors/waystone-error.ts'
import type { NodeRecord } from '../graph/graph.ts'
import type { RunContext } from '../snapshot/snapshot.ts'
import { engineError } from './frozen-error.ts'
import type { MachineEvent } from './machine-event.ts'
import { route, type Route } from './route.ts'
import type { RouteParts } from './route-parts.ts'
import type { StepAnswer, StepEnd } from './step-end.ts'

/** Decides each event once: guards and the action of the transition taken all ask here. */
export interface RouteMemo {
  /** The route of an event in a context; undefined for events that end no step. */
  routeOf(context: RunContext, event: MachineEvent): Route | undefined
  /** The context after a transition. @throws {InvariantError} when the machine took another one than was decided */
  take(transition: string, context: RunContext, event: MachineEvent): RunContext
}

/** A memo of one place: remembered by event and context identity, since `xstate/graph` reuses event objects. */
export function createRouteMemo(parts: RouteParts): RouteMemo {
  const byEvent = eventTable(parts)
  let last:
    | { readonly context: RunContext; readonly event: MachineEvent; readonly route: Route | undefined }
    | undefined
  const routeOf = (context: RunContext, event: MachineEvent): Route | undefined => {
    if (last === undefined || last.context !== context || last.event !== event) {
      const record = byEvent.get(event.type)
      last = { context, event, route: record === undefined ? undefined : routeEvent(parts, context, { event, record }) }
    }
    return last.route
  }
  return {
    routeOf,
    take(transition, context, event) {
      const decided = routeOf(context, event)
      if (decided?.transition !== transition) {
        throw invariantError(
          'WAYSTONE_BUG_ROUTE_MISMATCH',
          `the machine took ${transition} where ${decided?.transition ?? 'nothing'} was decided`,
        )
      }
      return decided.context
    },
  }
}

function eventTable(parts: RouteParts): ReadonlyMap<string, NodeRecord> {
  const table = new Map<string, NodeRecord>()
  for (const record of Object.values(parts.graph.nodes)) {
    for (const name of ['xstate.done.actor', 'xstate.error.actor', 'waystone.item'])
      table.set(`${name}.${record.id}`, record)
  }
  return table
}

function routeEvent(
  parts: RouteParts,
  context: RunContext,
  { event, record }: { readonly event: MachineEvent; readonly record: NodeRecord },
): Route | undefined {
  const stepEnd = readStepEnd(context, event, record)
  return stepEnd === undefined ? undefined : route(parts, context, stepEnd)
}

function readStepEnd(context: RunContext, event: MachineEvent, record: NodeRecord): StepEnd | undefined {
  const given =
    event.output ?? (event.error === undefined ? undefined : { outcome: 'failed', error: errorRecord(event.error) })
  if (given === undefined) return undefined
  const stepIndex = given.step ?? openStepOf(context, record.id)
  const step = context.open[stepIndex]
  if (step === undefined || step.node !== record.id) return undefined
  const end: StepAnswer = { step: stepIndex, attempt: step.attempt, outcome: 'done', startedAt: step.since, ...given }
  return { record, stepIndex, step, end, at: event.at, effectId: event.effectId ?? '' }
}

/** The node's first call that runs, else its first step that is open. */
function openStepOf(context: RunContext, node: string): number {
  let first = -1
  for (const index in context.open) {
    const step = context.open[index]
    if (step?.node !== node) continue
    if (step.kind === 'call') return Number(index)
    if (first < 0) first = Number(index)
  }
  return first
}

function errorRecord(error: unknown): ErrorRecord {
  return engineError('WAYSTONE_NODE_THREW', describeThrown(error))
}
