import { describeThrown } from '../errors/describe-thrown.ts'
import { invariantError } from '../errors/invariant-error.ts'
import type { ErrorRecord } from '../errors/waystone-error.ts'
import type { Graph, NodeRecord } from '../graph/graph.ts'
import type { RunContext } from '../snapshot/snapshot.ts'
import { engineError } from './frozen-error.ts'
import type { MachineEvent } from './machine-event.ts'
import { compensatingState, eventNames } from './names.ts'
import { mayCompensate } from '../graph/compensations.ts'
import { routeUndo, routeUndoCancel, routeUndoEnd } from './undo-route.ts'
import type { Route } from './routed.ts'
import { route, routeDeadline, routeFreed, routeJoin, routeRoom } from './route.ts'
import type { RouteParts } from './route-parts.ts'
import type { StepAnswer, StepEnd } from './step-end.ts'

/** Decides each event once: guards and the action of the transition taken all ask here. */
export interface RouteMemo {
  /** The route of an event in a context; undefined for events that end no step. */
  routeOf(context: RunContext, event: MachineEvent): Route | undefined
  /** Runs something and gives the routes taken meanwhile: a transition may be several moves. Order: as taken. */
  recording<Result>(work: () => Result): { readonly result: Result; readonly routes: readonly Route[] }
  /** The context after a transition. @throws {InvariantError} when the machine took another one than was decided */
  take(transition: string, context: RunContext, event: MachineEvent): RunContext
}

/** A memo of one place: remembered by event and context identity, since `xstate/graph` reuses event objects. */
export function createRouteMemo(parts: RouteParts): RouteMemo {
  const byEvent = eventTable(parts)
  let taken: Route[] | undefined
  let last:
    | { readonly context: RunContext; readonly event: MachineEvent; readonly route: Route | undefined }
    | undefined
  const routeOf = (context: RunContext, event: MachineEvent): Route | undefined => {
    if (last === undefined || last.context !== context || last.event !== event) {
      last = { context, event, route: byEvent.get(event.type)?.(context, event) }
    }
    return last.route
  }
  return {
    routeOf,
    recording(work) {
      const routes: Route[] = []
      taken = routes
      try {
        return { result: work(), routes }
      } finally {
        taken = undefined
      }
    },
    take(transition, context, event) {
      const decided = routeOf(context, event)
      if (decided?.transition !== transition) {
        throw invariantError(
          'WAYSTONE_BUG_ROUTE_MISMATCH',
          `the machine took ${transition} where ${decided?.transition ?? 'nothing'} was decided`,
        )
      }
      taken?.push(decided)
      return decided.context
    },
  }
}

type EventRoute = (context: RunContext, event: MachineEvent) => Route | undefined

function eventTable(parts: RouteParts): ReadonlyMap<string, EventRoute> {
  const table = new Map<string, EventRoute>()
  const { forks } = parts.index
  if (mayCompensate(parts.graph)) addUndo(table, parts.graph)
  for (const record of Object.values(parts.graph.nodes)) {
    if (record.kind === 'join') {
      table.set(eventNames.joined(record.id), (context, { at }) => routeJoin(parts, context, { record, at }))
      if (forks === null) continue
      table.set(eventNames.deadline(record.id), (context) => routeDeadline(forks, context, record.id))
      table.set(eventNames.freed(record.id), (context, { at }) => routeFreed(parts, context, { record, at }))
      continue
    }
    const ended: EventRoute = (context, event) => routeEvent(parts, context, { event, record })
    for (const name of [eventNames.done, eventNames.error, eventNames.item]) table.set(name(record.id), ended)
    if (record.kind === 'map' || record.kind === 'agent')
      table.set(eventNames.room(record.id), (context, { at }) => routeRoom(parts, context, { record, at }))
  }
  return table
}

function addUndo(table: Map<string, EventRoute>, graph: Graph): void {
  table.set(eventNames.undo, (context, { at }) => routeUndo(graph, context, at))
  table.set(eventNames.cancel, (context, { by = '', reason = '', at = 0 }) =>
    routeUndoCancel(context, { by, reason, at }),
  )
  table.set(eventNames.done(compensatingState), (context, { output, at, effectId = '' }) => {
    const step = context.open[output?.step ?? -1]
    if (output?.step === undefined || step === undefined) return undefined
    const { attempt, since: startedAt } = step
    const end: StepAnswer = { attempt, startedAt, outcome: 'done', ...output, step: output.step }
    return routeUndoEnd(graph, context, { end, at, effectId })
  })
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
  return {
    record,
    stepIndex,
    step,
    end,
    at: event.at,
    isVisitOver: event.limit !== undefined,
    effectId: event.effectId ?? '',
    sequence: event.sequence,
    isThorough: event.isThorough === true,
  }
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
