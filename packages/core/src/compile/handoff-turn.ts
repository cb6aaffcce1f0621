import type { ModelToolCall } from '../define/model.ts'
import { handoffOf } from '../graph/handoff.ts'
import type { NodeRecord } from '../graph/graph.ts'
import type { EffectEnd } from '../snapshot/event.ts'
import type { GivenHandoff } from '../snapshot/handoff.ts'
import type { RefusedCall } from '../snapshot/refusal.ts'
import type { AgentCall, RunContext } from '../snapshot/snapshot.ts'
import { currentCalls, withCalls } from './agent-memory.ts'
import type { Ended } from './ended.ts'
import { contractDigest, countRefused } from './handoff-ledger.ts'
import { wayOfHandoff } from './handoff-way.ts'
import type { RouteParts } from './route-parts.ts'
import type { StepEnd } from './step-end.ts'

/** The handoff that an answer asks for: one of the node's, given with a call of the answer. Whatever its executor let pass, no other is made. */
export function handoffGiven(
  record: NodeRecord,
  { handoff }: Pick<EffectEnd, 'handoff'>,
  calls: readonly ModelToolCall[],
): GivenHandoff | undefined {
  if (handoff === undefined || handoffOf(record, handoff.handoff) === undefined) return undefined
  return calls.some(({ id }) => id === handoff.callId) ? handoff : undefined
}

/** Why what was given with a handoff does not fit; undefined: it fits, or another one of the answer does. */
export function contractMisfit(
  { refusedCalls }: Pick<EffectEnd, 'refusedCalls'>,
  given: GivenHandoff | undefined,
): string | undefined {
  if (given !== undefined || refusedCalls === undefined) return undefined
  return Object.values(refusedCalls).find(({ rule }) => rule === 'contract')?.message
}

/** How many calls of an answer were for handoffs that are not made. */
export function refusedHandoffs(refused: { readonly [callId: string]: RefusedCall }): number {
  return Object.values(refused).filter(({ rule }) => rule === 'handoff' || rule === 'contract').length
}

/**
 * A turn whose calls have all ended: the agent hands over when one of them was for that and it still can; else its model is told why not.
 *
 * @param goOn - what follows when it does not hand over
 */
export function handOver(
  parts: RouteParts,
  context: RunContext,
  { stepEnd, goOn }: { readonly stepEnd: StepEnd; readonly goOn: (context: RunContext) => Ended },
): Ended {
  const { record, end, at } = stepEnd
  const given = currentCalls(context, record.id).find(({ handoff }) => handoff !== undefined)?.handoff
  if (given === undefined) return goOn(context)
  const digest = contractDigest(given.contract)
  const way = wayOfHandoff(parts, context, { record, handoff: given.handoff, digest, at })
  if (way.type === 'closed') {
    const told = answered(context, { record, given }, { result: way.message, isError: true, refused: 'handoff' })
    const next = goOn(countRefused(told, 1))
    return next.type === 'inside' && way.readings.length > 0 ? { ...next, readings: way.readings } : next
  }
  const { step, attempt, startedAt } = end
  const verdict = Object.freeze({
    outcome: given.handoff,
    reasons: Object.freeze([given.reason]),
    contract: given.contract,
  })
  return {
    type: 'handoff',
    end: { step, attempt, startedAt, outcome: given.handoff, verdict },
    context: answered(context, { record, given }, { result: { handedOver: given.handoff } }),
    given,
    digest,
    way,
  }
}

function answered(
  context: RunContext,
  { record, given }: { readonly record: NodeRecord; readonly given: GivenHandoff },
  told: Pick<AgentCall, 'result' | 'isError' | 'refused'>,
): RunContext {
  const calls = currentCalls(context, record.id).map((call): AgentCall => {
    if (call.callId !== given.callId) return call
    const { callId, tool, phase } = call
    return Object.freeze({ callId, tool, phase, ...told })
  })
  return withCalls(context, record.id, calls)
}

/** The call that hands over, as it stands among the calls of its turn until the others have ended. */
export function handoffCall(given: GivenHandoff, tool: string): AgentCall {
  return Object.freeze({ callId: given.callId, tool, phase: 'done', handoff: given })
}
