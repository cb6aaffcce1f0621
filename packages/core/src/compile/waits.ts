import { withIndex } from '../base/with-index.ts'
import { graphsOf } from '../graph/nested-graphs.ts'
import type { WaitRecord } from '../graph/graph.ts'
import { isAwaited, type EventMessage } from '../snapshot/received-event.ts'
import type { EffectEnd, OutsideEvent } from '../snapshot/event.ts'
import type { OpenStep, RunContext } from '../snapshot/snapshot.ts'
import { openIn } from '../snapshot/tree.ts'
import type { CompiledWorkflow } from './compiled-workflow.ts'
import { transitionNames } from './names.ts'
import { placeOfStep, rootPlace } from './place.ts'
import { refuse, stale, stayOpen } from './plan-move.ts'
import type { Plan, RefusalReason } from './planned.ts'
import { takenIds } from './received.ts'
import { applied } from './applied.ts'
import { checkpointStep, type RunAt } from './run-at.ts'
import { withContext } from './steps.ts'
import { waitTerms, type WaitWords } from './wait-terms.ts'

/** Events that a run keeps for waits to come, at most. */
const mostKeptEvents = 1_000

/**
 * An event has come from outside: the open wait with the lowest step that takes it goes on; without one it is kept for the next that opens.
 * Either way it is a checkpoint, so that nothing that was received is lost with a process.
 */
export function receiveEvent(run: RunAt, { message }: OutsideEvent): Plan {
  const { root, snapshot, event } = run
  const { context } = snapshot
  const refusal = eventRefusal(root.compiled, message)
  if (refusal !== undefined) return refuse(refusal.reason, refusal.message)
  const over = overRefusal(context)
  if (over !== undefined) return refuse(over.reason, over.message)
  if (context.received !== undefined && Object.hasOwn(context.received, event.id))
    return stale(`event ${event.id} was received before`)
  const taken = takenIds(context)
  const kept = Object.keys(context.received ?? {}).filter((id) => !taken.has(id))
  const taker = takerOf(context, message)
  if (taker === undefined && isLostEarly(root.compiled, message.event)) {
    return refuse(
      'not-now',
      `no wait for event ${JSON.stringify(message.event)} is open now, and one that comes early is lost`,
    )
  }
  if (kept.length >= mostKeptEvents && taker === undefined) {
    return refuse(
      'too-many-kept',
      `${kept.length} events are kept for waits of the run that have not opened; no more are taken until one of them is`,
    )
  }
  const received = Object.freeze({ ...context.received, [event.id]: message })
  const next = Object.freeze({ value: snapshot.value, context: withContext(context, { received }) })
  const place = taker === undefined ? undefined : placeOfStep(rootPlace(root.compiled, snapshot), taker.step)
  const decision =
    taker === undefined || place === undefined
      ? undefined
      : stayOpen(place, taker.open, { outcome: message.event, taken: transitionNames.received(taker.open.node) })
  return applied(run, next, { decision })
}

/** Why a run takes no event any more: it has ended, or has only what it did to undo; undefined: it does. */
export function overRefusal({
  ending,
  undoing,
}: Pick<RunContext, 'ending' | 'undoing'>): { readonly reason: RefusalReason; readonly message: string } | undefined {
  if (ending !== null) return { reason: 'run-ended', message: `the run has ended ${ending.status}; it takes no event` }
  if (undoing === undefined) return undefined
  return {
    reason: 'run-ended',
    message: `the run ends ${undoing.status} and only undoes what it did; it takes no event`,
  }
}

/** Why no wait of a workflow, or of one nested in it, could ever take an event; undefined: one could. */
export function eventRefusal(
  { graph }: CompiledWorkflow,
  { event, key }: Pick<EventMessage, 'event' | 'key'>,
): { readonly reason: RefusalReason; readonly message: string } | undefined {
  const waits = graphsOf(graph)
    .flatMap(({ nodes }) => Object.values(nodes))
    .filter((node): node is WaitRecord => node.kind === 'wait' && node.events.includes(event))
  const named = JSON.stringify(event)
  if (waits.length === 0) {
    const known = new Set(graphsOf(graph).flatMap(({ events }) => Object.keys(events ?? {})))
    const others = known.size === 0 ? 'it waits for none' : `it waits for ${[...known].join(', ')}`
    return {
      reason: 'not-awaited',
      message: `no wait of workflow ${JSON.stringify(graph.name)} takes event ${named}; ${others}`,
    }
  }
  return key !== null || waits.some((node) => node.key === null)
    ? undefined
    : { reason: 'key-expected', message: `every wait for event ${named} has a key, and it was sent without one` }
}

/** One name means one event in a whole run. */
function isLostEarly({ graph }: CompiledWorkflow, event: string): boolean {
  return graphsOf(graph).some(({ events }) => events?.[event]?.early === 'lost')
}

/** The open wait with the lowest step that takes an event. */
function takerOf(
  context: RunContext,
  message: EventMessage,
): { readonly step: number; readonly open: OpenStep } | undefined {
  const open = openIn(context)
  for (const index in open) {
    const step = open[index]
    if (step?.awaits !== undefined && isAwaited(step.awaits, message)) return { step: Number(index), open: step }
  }
  return undefined
}

/** What a wait waits for is known: it opens. */
export function beginWait(run: RunAt, step: OpenStep, end: EffectEnd): Plan {
  const { compiled, snapshot, event } = run
  const record = compiled.graph.nodes[step.node]
  if (record?.kind !== 'wait') return stale(`step ${end.step} is no wait`)
  // What an effect of this kind gives back was made by the engine's own executor.
  const words = (end.output ?? {}) as WaitWords
  const { node, visit, attempt } = step
  const open: OpenStep = Object.freeze({
    node,
    visit,
    kind: 'wait',
    attempt,
    since: event.at,
    ...waitTerms(record, event.at, words),
  })
  const context = withContext(snapshot.context, { open: withIndex(snapshot.context.open, end.step, open) })
  const decision = stayOpen(run, step, { outcome: end.outcome, taken: transitionNames.begin(node) })
  return applied(run, Object.freeze({ value: snapshot.value, context }), {
    decision,
    step: checkpointStep(run, step, end),
  })
}
