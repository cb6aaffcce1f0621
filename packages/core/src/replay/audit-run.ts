import type { Json } from '../base/json.ts'
import { own } from '../base/own.ts'
import type { RefusedEvent } from '../checkpoint/refused-event.ts'
import type { Store } from '../checkpoint/store.ts'
import { leavingOutMissing } from '../checkpoint/with-group-stores.ts'
import { StoreError } from '../errors/store-error.ts'
import type { PolicyRecord } from '../graph/graph.ts'
import { calledOffIn } from '../run/called-off.ts'
import { argumentsOfCall } from '../snapshot/agent-calls.ts'
import type { Checkpoint } from '../snapshot/checkpoint.ts'
import type { HandoffLimitHit } from '../snapshot/handoff.ts'
import type { RuleScope } from '../snapshot/sticky-rule.ts'
import { contextsOf } from '../snapshot/tree.ts'
import { eventsIn, type AuditEvent } from './audit-events.ts'
import { entryOf, type AuditEntry } from './audit-entry.ts'
import { compensationsIn, type AuditCompensation } from './audit-undoing.ts'
import { readHistory, type History, type ReadOptions } from './history.ts'
import { readWays, sitesOf, walkPolicy, type MissingOrigin, type ReadWays, type Site } from './policy-walk.ts'
import { requireRow } from './read-checkpoints.ts'
import { voidedVotes, type VoidedVote } from './voided-votes.ts'

/** What a person or operator did. */
export interface AuditPerson {
  readonly sequence: number
  readonly at: number
  readonly by: string
  /** Whom they decided for, as their delegate. */
  readonly for?: string
  /** Nobody was asked: the rule that decided, by the request with which they made it. */
  readonly rule?: string
  /** It is remembered, so far. */
  readonly remembered?: RuleScope
  /** Others had to decide as well. */
  readonly isPartial?: true
  /** It counted no more when the request was decided, or does not now, and why. */
  readonly voided?: VoidedVote
  readonly through: string
  readonly node: string | null
  /** The items of maps that it is about or inside of, outermost first; absent: none. */
  readonly items?: readonly number[]
  /** For what was asked about a tool call of an agent. */
  readonly tool?: string
  /** Of that call: the exact arguments that were decided on. */
  readonly arguments?: Json
  /** The arguments that the person put in their place; only of outcome `edited`. */
  readonly edited?: Json
  readonly outcome: string
  readonly reason: string
}

/** How a policy fared in this run. */
export interface AuditPolicy {
  readonly policy: PolicyRecord
  /** Sequences at which the tool ran without the outcome having been crossed. Empty: it held. */
  readonly violations: readonly number[]
  /**
   * Sequences at which the tool ran and of which nobody can tell whether that broke the policy: values decide it that were not to be had
   * ({@link Audit.withheld}), or what a guard had read in a run that is no longer stored ({@link Audit.missingOrigin}). Absent: none.
   */
  readonly untold?: readonly number[]
  /** Sequences at which an operator has overridden the policy of its tool in this run. Absent: none. */
  readonly overridden?: readonly number[]
  /** Sequences at which the tool was asked for. */
  readonly uses: readonly number[]
  /** The nested workflow whose policy it is, by the node that holds it: `research`. Absent: the run's own. */
  readonly within?: string
}

/** One agent handing over to another. */
export interface AuditHandoff {
  readonly sequence: number
  readonly at: number
  /** By path in a nested workflow. */
  readonly from: string
  readonly handoff: string
  readonly to: string
  /** The words of its model. */
  readonly reason: string
  /** It was one too many: the limit. */
  readonly tooMany?: HandoffLimitHit
  /** The items of maps inside which it was made, outermost first; absent: inside none. */
  readonly items?: readonly number[]
}

/** Everything a run did and who decided it. */
export interface Audit {
  readonly runId: string
  readonly workflow: string
  /** Every text equals its hash, every checkpoint names the one before it, none is missing. */
  readonly chain: { readonly isIntact: boolean; readonly problem: string | null }
  /** Groups whose private values were not to be had: what depends on them is not told. Absent: everything is known. */
  readonly withheld?: readonly string[]
  /** What it, or a run it was forked from, was forked from and which is no longer stored: what its guards had read is not known. Absent: nothing is missing. */
  readonly missingOrigin?: MissingOrigin
  readonly transitions: readonly AuditEntry[]
  readonly people: readonly AuditPerson[]
  /** Order: as made. */
  readonly handoffs: readonly AuditHandoff[]
  /** What came from outside. Order: as received. */
  readonly events: readonly AuditEvent[]
  /** What was delivered and could not be used: moves, decisions and events that are no checkpoint. Order: as delivered. */
  readonly refused: readonly RefusedEvent[]
  /** What was undone, and with what. Order: as ended. */
  readonly compensations: readonly AuditCompensation[]
  readonly policies: readonly AuditPolicy[]
}

/**
 * Audits a run from its store alone.
 *
 * A broken chain is a result, not an error: what can be read is not trusted, so nothing else is reported then.
 *
 * @throws {StoreError} WAYSTONE_STORE_RUN_UNKNOWN, or another code than WAYSTONE_STORE_CORRUPT
 */
export async function auditRun(store: Store, runId: string, options: ReadOptions = {}): Promise<Audit> {
  const reading = leavingOutMissing(store, options.onMissing)
  const row = await requireRow(store, runId)
  const base = { runId: row.runId, workflow: row.workflow }
  try {
    const history = await readHistory(reading, runId)
    const read = await readWays(reading, history)
    const { missingOrigin } = read
    const calledOff = calledOffIn(history.checkpoints)
    return {
      ...base,
      chain: { isIntact: true, problem: null },
      ...(history.withheld !== undefined && { withheld: history.withheld }),
      ...(missingOrigin !== undefined && { missingOrigin }),
      transitions: history.checkpoints.map((checkpoint) => entryOf(checkpoint, calledOff.get(checkpoint.sequence))),
      people: peopleIn(history),
      handoffs: history.checkpoints.flatMap((checkpoint) => handoffsIn(checkpoint)),
      events: eventsIn(history),
      refused: await store.refused(row.runId),
      compensations: compensationsIn(history.checkpoints),
      policies: sitesOf(history.graph, []).flatMap((site) =>
        site.graph.policies.map((policy) => auditPolicy(read, site, policy)),
      ),
    }
  } catch (error) {
    if (!StoreError.isInstance(error) || error.code !== 'WAYSTONE_STORE_CORRUPT') throw error
    return {
      ...base,
      chain: { isIntact: false, problem: error.message },
      transitions: [],
      people: [],
      handoffs: [],
      events: [],
      refused: [],
      compensations: [],
      policies: [],
    }
  }
}

function handoffsIn({ sequence, event, decision, items }: Checkpoint): readonly AuditHandoff[] {
  if (decision?.handoff === undefined) return []
  const { node, outcome, to, handoff } = decision
  const where = items === undefined ? {} : { items }
  return [{ sequence, at: event.at, from: node, handoff: outcome, to: to ?? '', ...handoff, ...where }]
}

function peopleIn(history: History): readonly AuditPerson[] {
  const voided = voidedVotes(history)
  return history.checkpoints.flatMap((checkpoint) =>
    peopleOf(checkpoint, history).map((person) => {
      const why = voided.get(person.sequence)
      return why === undefined ? person : { ...person, voided: why }
    }),
  )
}

function peopleOf(checkpoint: Checkpoint, history: History): readonly AuditPerson[] {
  const { sequence, event, step } = checkpoint
  const partial = event.type === 'request.decided' ? checkpoint.decision?.node : undefined
  const node = step?.node ?? partial ?? null
  if (event.type === 'request.decided') {
    const { by, through, reason, outcome, for: person, rule, remember } = event.payload
    const whose = {
      ...(person !== undefined && { for: person }),
      ...(rule !== undefined && { rule: rule.id }),
      ...(remember !== undefined && { remembered: remember.scope }),
      ...(step === null && { isPartial: true as const }),
    }
    const items = itemsOf(checkpoint)
    const where = { through, node, ...(items.length > 0 && { items }) }
    return [{ sequence, at: event.at, by, ...whose, ...where, ...callOf(checkpoint, history), outcome, reason }]
  }
  if (event.type === 'request.asked' || event.type === 'request.answered') {
    const { by, through, text } = event.payload
    const outcome = event.type === 'request.asked' ? 'question' : 'answer'
    const asked = checkpoint.decision?.node ?? null
    return [{ sequence, at: event.at, by, through, node: asked, outcome, reason: text }]
  }
  if (event.from !== 'operator') return []
  return [
    {
      sequence,
      at: event.at,
      by: event.payload.by,
      through: 'operator',
      node,
      outcome: event.type,
      reason: reasonOf(event.payload),
    },
  ]
}

function itemsOf({ items = [], step }: Checkpoint): readonly number[] {
  return step?.item === undefined ? items : [...items, step.item]
}

/** The call a person decided on, as it stood before; nothing for other decisions. */
function callOf(
  { sequence, event, step }: Checkpoint,
  history: History,
): Pick<AuditPerson, 'tool' | 'arguments' | 'edited'> {
  if (event.type !== 'request.decided') return {}
  const { context } = history.at(Math.max(0, sequence - 1)).snapshot
  const index = event.payload.step
  const held = contextsOf(context).find(({ open }) => open[index] !== undefined)
  const open = held?.open[index]
  const tool = step?.tool ?? open?.tool
  if (open === undefined || tool === undefined) return {}
  const asked =
    open.callId === undefined ? undefined : argumentsOfCall(own(held?.private ?? {}, open.node), open.callId)
  return {
    tool,
    ...(asked !== undefined && { arguments: asked.arguments }),
    ...(event.payload.arguments !== undefined && { edited: event.payload.arguments }),
  }
}

function reasonOf({ reason, override }: { readonly reason: string; readonly override?: readonly string[] }): string {
  return override === undefined ? reason : `${reason} (overridden: ${override.join(', ')})`
}

/** A run against one policy. */
function auditPolicy(read: ReadWays, site: Site, policy: PolicyRecord): AuditPolicy {
  const { ways, missingOrigin } = read
  const { uses, violations, untold } = walkPolicy(ways, { site, policy, isWhole: missingOrigin === undefined })
  const within = site.within.length > 0 && { within: site.within.join('/') }
  const isTold = ways.every(({ history }) => history.withheld === undefined)
  const [broken, unknown] = isTold ? [violations, untold] : [[], [...violations, ...untold].toSorted((a, b) => a - b)]
  const overridden = ways.at(-1)?.history.checkpoints.flatMap(({ event, sequence }) => {
    const named = event.from === 'operator' && 'override' in event.payload ? event.payload.override : undefined
    return named?.includes(policy.never) === true ? [sequence] : []
  })
  return {
    policy,
    uses,
    violations: broken,
    ...(unknown.length > 0 && { untold: unknown }),
    ...(overridden !== undefined && overridden.length > 0 && { overridden }),
    ...within,
  }
}
