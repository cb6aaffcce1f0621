import type { NodeRecord } from '../graph/graph.ts'
import type { Decision } from '../snapshot/decision.ts'
import type { HandoffMade } from '../snapshot/handoff.ts'
import type { RunContext } from '../snapshot/snapshot.ts'
import type { Ended } from './ended.ts'
import { chainOf, ledgerOf, withLedger } from './handoff-ledger.ts'
import { handoffEntry } from './handoff-slice.ts'
import type { RouteParts } from './route-parts.ts'

/** The end of an agent that hands over. */
export type HandingOver = Extract<Ended, { readonly type: 'handoff' }>

/** A handoff that is made. */
export interface Handover {
  readonly record: NodeRecord
  readonly visit: number
  /** Ms since the epoch; undefined under plain `createActor`. */
  readonly at: number | undefined
  readonly ended: HandingOver
  /** Nodes that are entered by it. */
  readonly targets: readonly string[]
}

/** The context with one handoff more in its chain, and what the agents it leads to are told. Pure. */
export function handedOver({ graph, index }: RouteParts, context: RunContext, handover: Handover): RunContext {
  const { record, visit, at, ended, targets } = handover
  const { given, digest, way, end } = ended
  if (way.type === 'fault' || record.kind !== 'agent') return context
  const ledger = ledgerOf(context)
  const { tooMany } = way
  const made: HandoffMade = Object.freeze({
    from: record.id,
    visit,
    handoff: given.handoff,
    to: way.chosen.to,
    reason: given.reason,
    digest,
    step: end.step,
    at: at ?? context.startedAt,
    ...(tooMany !== undefined && { tooMany: Object.freeze(tooMany) }),
  })
  const chain = tooMany === undefined ? undefined : chainOf(index.forks, context, record.id)
  const entry = handoffEntry(context, record, { given, chain })
  const to = targets.filter((name) => graph.nodes[name]?.kind === 'agent')
  return withLedger(context, {
    ...ledger,
    since: ledger.since ?? made.at,
    made: Object.freeze([...ledger.made, made]),
    ...(entry !== undefined &&
      to.length > 0 && {
        going: Object.freeze([...(ledger.going ?? []), ...to.map((name) => Object.freeze({ to: name, entry }))]),
      }),
  })
}

/** What a decision says of it. */
export function toldHandoff({ given, way }: HandingOver): NonNullable<Decision['handoff']> {
  const { reason } = given
  if (way.type === 'fault' || way.tooMany === undefined) return { reason }
  const { meantFor: _, ...tooMany } = way.tooMany
  return { reason, tooMany }
}
