import { sha256 } from '../base/hash.ts'
import { canonicalJson, type JsonObject } from '../base/json.ts'
import type { HandoffLimitsRecord } from '../graph/graph.ts'
import { areBeside } from '../graph/regions.ts'
import type { HandoffLimitHit, HandoffMade } from '../snapshot/handoff.ts'
import type { HandoffLedger, RunContext } from '../snapshot/snapshot.ts'
import type { ForkIndex } from './graph-index.ts'

const nothing: HandoffLedger = Object.freeze({ made: Object.freeze([]) })

/** The handoffs of a run. Branches beside each other share its limits, and have a {@link chainOf} each. */
export function ledgerOf({ handoffs }: RunContext): HandoffLedger {
  return handoffs ?? nothing
}

/** A context with this ledger. */
export function withLedger(context: RunContext, ledger: HandoffLedger): RunContext {
  return Object.freeze({ ...context, handoffs: Object.freeze(ledger) })
}

/** The chain that a node is in: what was handed over in branches beside it belongs to theirs. Order: as made. */
export function chainOf(forks: ForkIndex | null, context: RunContext, node: string): readonly HandoffMade[] {
  const { made } = ledgerOf(context)
  return forks === null ? made : made.filter(({ from }) => !areBeside(forks, node, from))
}

/** The context as a new chain begins at a node; the same object where there was none. What branches beside it have handed over goes on counting. */
export function withoutChain(forks: ForkIndex | null, context: RunContext, node: string): RunContext {
  if (context.handoffs === undefined) return context
  const { handoffs, ...rest } = context
  const chain = new Set(chainOf(forks, context, node))
  const kept = handoffs.made.filter((one) => !chain.has(one))
  const [first] = kept
  if (first === undefined)
    return handoffs.going === undefined
      ? Object.freeze(rest)
      : withLedger(context, { made: nothing.made, going: handoffs.going })
  return withLedger(context, { ...handoffs, since: first.at, made: Object.freeze(kept) })
}

/** Nothing is on its way to these nodes any more: they have been entered, or never will be. */
export function withoutGoing(context: RunContext, nodes: ReadonlySet<string>): RunContext {
  const { going, ...ledger } = ledgerOf(context)
  if (going === undefined || !going.some(({ to }) => nodes.has(to))) return context
  const left = going.filter(({ to }) => !nodes.has(to))
  return withLedger(context, left.length === 0 ? ledger : { ...ledger, going: Object.freeze(left) })
}

/** Nothing is on its way any more: all that was open is closed. */
export function withoutAnyGoing(context: RunContext): RunContext {
  if (context.handoffs?.going === undefined) return context
  const { going: _, ...ledger } = context.handoffs
  return withLedger(context, ledger)
}

/** Counts calls for handoffs that are not made. */
export function countRefused(context: RunContext, count: number): RunContext {
  if (count === 0) return context
  const ledger = ledgerOf(context)
  return withLedger(context, { ...ledger, refused: (ledger.refused ?? 0) + count })
}

/** What tells contracts apart. @returns base64url SHA-256 */
export function contractDigest(contract: JsonObject): string {
  return sha256(canonicalJson(contract))
}

/** True once a handoff of the chain was one too many. */
export function hasEscalated({ made }: HandoffLedger): boolean {
  return made.some(({ tooMany }) => tooMany !== undefined)
}

/** A handoff that would be made. */
export interface NextHandoff {
  readonly from: string
  readonly to: string
  /** Of its contract; absent: not known yet. */
  readonly digest?: string
  /** Ms since the epoch; undefined: there is no time. */
  readonly at: number | undefined
}

/** The first limit, in the order `max`, `perPair`, `identical`, `within`, that one more handoff would break; undefined: none. */
export function handoffLimitHit(
  limits: HandoffLimitsRecord | undefined,
  ledger: HandoffLedger,
  { from, to, digest, at }: NextHandoff,
): HandoffLimitHit | undefined {
  if (limits === undefined) return undefined
  const { max, perPair, identical, withinMs } = limits
  const counted = ledger.made.filter(({ tooMany }) => tooMany === undefined)
  const isPair = (one: HandoffMade): boolean => one.from === from && one.to === to
  const overCount = (
    name: 'max' | 'perPair' | 'identical',
    most: number | undefined,
    used: number,
  ): HandoffLimitHit[] => (most === undefined || used < most ? [] : [{ name, used, max: most }])
  const same = digest === undefined ? [] : counted.filter((one) => isPair(one) && one.digest === digest)
  const time = at === undefined || ledger.since === undefined ? 0 : at - ledger.since
  const [hit] = [
    ...overCount('max', max, counted.length),
    ...overCount('perPair', perPair, counted.filter((one) => isPair(one)).length),
    ...(digest === undefined ? [] : overCount('identical', identical, same.length)),
    ...(withinMs === undefined || time <= withinMs ? [] : [{ name: 'within' as const, used: time, max: withinMs }]),
  ]
  return hit
}

/** A limit of handing over, for a model and for people. */
export function formatHandoffLimit({ name, max }: HandoffLimitHit): string {
  switch (name) {
    case 'max':
      return `at most ${times(max)} are allowed`
    case 'perPair':
      return `at most ${times(max)} from one to the same other are allowed`
    case 'identical':
      return `at most ${times(max)} of the same contract to the same other are allowed`
    case 'within':
      return `they are allowed for ${max} ms from the first one`
  }
}

function times(count: number): string {
  return `${count} handoff${count === 1 ? '' : 's'}`
}
