import type { Json } from '../base/json.ts'
import { namesOfPath } from '../base/node-path.ts'
import { own } from '../base/own.ts'
import type { RefusedEvent } from '../checkpoint/refused-event.ts'
import type { Store } from '../checkpoint/store.ts'
import { leavingOutMissing } from '../checkpoint/with-group-stores.ts'
import { storeError, StoreError } from '../errors/store-error.ts'
import type { Graph, PolicyRecord } from '../graph/graph.ts'
import { nestedIn, nodeAt } from '../graph/nested-graphs.ts'
import { isCrossing, shownAt } from '../graph/policy-crossing.ts'
import { argumentsOfCall } from '../snapshot/agent-calls.ts'
import type { Checkpoint } from '../snapshot/checkpoint.ts'
import type { HandoffLimitHit } from '../snapshot/handoff.ts'
import type { RunContext } from '../snapshot/snapshot.ts'
import type { RuleScope } from '../snapshot/sticky-rule.ts'
import { contextsOf, holdersOf, openIn } from '../snapshot/tree.ts'
import { eventsIn, type AuditEvent } from './audit-events.ts'
import { entryOf, type AuditEntry } from './audit-entry.ts'
import { compensationsIn, type AuditCompensation } from './audit-undoing.ts'
import { readHistory, type History, type ReadOptions } from './history.ts'
import { requireRow } from './read-checkpoints.ts'

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
  /** Sequences at which the tool ran and that values decide about which were not to be had ({@link Audit.withheld}). Absent: none. */
  readonly untold?: readonly number[]
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
  /** What it, or a run it was forked from, was forked from and which is no longer stored: policies are judged from there on. Absent: nothing is missing. */
  readonly missingOrigin?: { readonly runId: string; readonly sequence: number }
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
    const { ways, missingOrigin } = await readWays(reading, history)
    return {
      ...base,
      chain: { isIntact: true, problem: null },
      ...(history.withheld !== undefined && { withheld: history.withheld }),
      ...(missingOrigin !== undefined && { missingOrigin }),
      transitions: history.checkpoints.map(entryOf),
      people: history.checkpoints.flatMap((checkpoint) => peopleOf(checkpoint, history)),
      handoffs: history.checkpoints.flatMap((checkpoint) => handoffsIn(checkpoint)),
      events: eventsIn(history),
      refused: await store.refused(row.runId),
      compensations: compensationsIn(history.checkpoints),
      policies: sitesOf(history.graph, []).flatMap((site) =>
        site.graph.policies.map((policy) => auditPolicy(ways, site, policy)),
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

/** A workflow whose policies are looked at: the run's, or one that is nested in it. */
interface Site {
  readonly graph: Graph
  /** Names of the nodes that hold it, outermost first. */
  readonly within: readonly string[]
}

function sitesOf(graph: Graph, within: readonly string[]): readonly Site[] {
  const nested = Object.values(graph.nodes).flatMap((node) => {
    const inside = nestedIn(graph, node)
    return inside === undefined ? [] : sitesOf(inside, [...within, node.id])
  })
  return [{ graph, within }, ...nested]
}

/** Where a workflow stands; undefined: it is not under way. @param holders - the steps that hold it, outermost first */
function contextAt(holders: readonly number[], history: History, sequence: number): RunContext | undefined {
  let context: RunContext | undefined = history.at(sequence).snapshot.context
  for (const step of holders) context = context?.children?.[step]?.context
  return context
}

/** Whether a node, by its path, is one of a workflow's own. */
function isOwn({ within }: Site, path: string): boolean {
  const names = namesOfPath(path)
  return names.length === within.length + 1 && within.every((name, level) => names[level] === name)
}

/** Whether a node, by its path, is of a workflow or of what is nested in it. */
function isInside({ within }: Site, path: string): boolean {
  const names = namesOfPath(path)
  return names.length > within.length && within.every((name, level) => names[level] === name)
}

/** What a policy needs to know of the way so far, of one workflow under way: several items of a map may be at once. */
interface Cover {
  /** Where the outcome has been crossed since the tool last ran and since what it showed was last written; null: nowhere. */
  coveredBy: string | null
  /** Last results of the guards of `given`, until something they read is written. */
  readonly known: Map<string, boolean>
}

/** By the steps that hold the workflow. */
type Covers = Map<string, Cover>

function coverOf(covers: Covers, holders: readonly number[]): Cover {
  const key = holders.join('/')
  const known = covers.get(key)
  if (known !== undefined) return known
  const cover: Cover = { coveredBy: null, known: new Map() }
  covers.set(key, cover)
  return cover
}

/** Part of a run's way: its own, or that of a run it was forked from, up to the fork. */
interface Way {
  readonly history: History
  readonly to: number
}

/**
 * The run's own way and, before it, those of the runs it was forked from, as far as they are still stored. Order: oldest first.
 *
 * @throws {StoreError} WAYSTONE_STORE_CORRUPT also when a fork does not name the hash of what it was forked from
 */
async function readWays(
  store: Store,
  history: History,
): Promise<{ readonly ways: readonly Way[]; readonly missingOrigin?: Audit['missingOrigin'] }> {
  const ways: Way[] = [{ history, to: history.last }]
  for (let fork = history; fork.row.forkedFrom !== null;) {
    const { runId, sequence } = fork.row.forkedFrom
    if ((await store.row(runId)) === undefined) return { ways, missingOrigin: { runId, sequence } }
    const origin = await readHistory(store, runId)
    if (origin.at(sequence).hash !== fork.checkpoints[0]?.parent?.hash) {
      throw storeError(
        'WAYSTONE_STORE_CORRUPT',
        `run ${fork.row.runId} was forked from sequence ${sequence} of run ${runId}, which is another one now`,
        { runId, sequence },
      )
    }
    ways.unshift({ history: origin, to: sequence })
    fork = origin
  }
  return { ways }
}

/**
 * Walks a run against one policy: at each start of the tool the outcome must have been crossed since the tool last ran and
 * since the keys shown were last written. Starts while `given` is known to be false are excused.
 */
function auditPolicy(ways: readonly Way[], site: Site, policy: PolicyRecord): AuditPolicy {
  const covers: Covers = new Map()
  let found: Omit<AuditPolicy, 'policy'> = { uses: [], violations: [] }
  for (const [index, way] of ways.entries()) {
    // Of an outcome that nobody knew, a person says in the fork whether it happened: its start there is the one that counts.
    const open = index < ways.length - 1 ? Object.entries(openIn(way.history.at(way.to).snapshot.context)) : []
    const repeated = new Set(open.flatMap(([step, { kind }]) => (kind === 'resolve' ? [step] : [])))
    found = walkPolicy(way, policy, { covers, repeated, site })
  }
  const within = site.within.length > 0 && { within: site.within.join('/') }
  const isTold = found.violations.length === 0 || ways.every(({ history }) => history.withheld === undefined)
  return { policy, ...found, ...(!isTold && { violations: [], untold: found.violations }), ...within }
}

interface Walk {
  readonly covers: Covers
  readonly site: Site
}

function walkPolicy(
  { history, to }: Way,
  policy: PolicyRecord,
  { covers, repeated, site }: Walk & { readonly repeated: ReadonlySet<string> },
): Omit<AuditPolicy, 'policy'> {
  const uses: number[] = []
  const violations: number[] = []
  const started = new Set<number>()
  /** Steps whose yes was a remembered one. */
  const ruled = new Set<number>()
  /** The items, by the steps that hold them, whose call a person has said yes to. */
  const agreed = new Set<string>()
  for (const checkpoint of history.checkpoints.slice(0, to + 1)) {
    const { sequence, commands, event } = checkpoint
    updateCover(history, checkpoint, { covers, policy, site })
    const item = agreedItem(history, checkpoint)
    if (item !== undefined) agreed.add(item)
    if (event.type === 'request.decided' && event.payload.rule !== undefined) ruled.add(event.payload.step)
    for (const command of commands) {
      // Releasing a held run asks for what is open once more.
      if (
        command.type !== 'effect' ||
        started.has(command.step) ||
        !isInside(site, command.node) ||
        toolOf(history, sequence, command) !== policy.never
      )
        continue
      started.add(command.step)
      uses.push(sequence)
      const { context } = history.at(sequence).snapshot
      const cover = coverOf(covers, holdersIn(site, context, command.step) ?? [])
      const isFresh = policy.remembered === true || !ruled.has(command.step)
      const isAsked = policy.without === 'approval' && isFresh && isApproved(context, command.step, agreed)
      if (cover.coveredBy === null && !isAsked && !isExcused(policy, cover.known)) violations.push(sequence)
      if (!repeated.has(String(command.step))) cover.coveredBy = null
    }
  }
  return { uses, violations }
}

/** Whether a person said yes to this very call: of an agent, or of an item of a map. */
function isApproved(context: RunContext, step: number, agreed: ReadonlySet<string>): boolean {
  return openIn(context)[step]?.approved !== undefined || agreed.has((holdersOf(context, step) ?? []).join('/'))
}

/** The item, by the steps that hold it, to whose call a person has just said yes; undefined: nobody has. */
function agreedItem(history: History, { sequence, decision, event }: Checkpoint): string | undefined {
  if (event.type !== 'request.decided' || decision === null || decision.to === null) return undefined
  const record = nodeAt(history.graph, decision.node)?.node
  const isYes =
    record?.kind === 'approval' &&
    record.isAboutCall === true &&
    (decision.outcome === 'approved' || decision.outcome === 'edited')
  return isYes ? holdersOf(history.at(sequence - 1).snapshot.context, event.payload.step)?.join('/') : undefined
}

/** The steps that hold the workflow of a site in which, or below which, a step is; undefined: it is somewhere else. */
function holdersIn({ within }: Site, context: RunContext, step: number): readonly number[] | undefined {
  if (within.length === 0) return []
  const holders = holdersOf(context, step)
  return holders === undefined || holders.length < within.length ? undefined : holders.slice(0, within.length)
}

/** Where a checkpoint happened, as the steps that hold it; undefined: not in the workflow of this site. */
function placeOf(site: Site, history: History, { sequence, step, event }: Checkpoint): readonly number[] | undefined {
  if (site.within.length === 0) return []
  const index = step?.index ?? (event.type === 'request.decided' ? event.payload.step : undefined)
  if (index === undefined || sequence === 0) return undefined
  return holdersIn(site, history.at(sequence - 1).snapshot.context, index)
}

function updateCover(
  history: History,
  checkpoint: Checkpoint,
  { covers, policy, site }: Walk & { readonly policy: PolicyRecord },
): void {
  const { sequence, event, decision, step } = checkpoint
  const { graph } = site
  // A nested workflow begins anew each time: nothing was crossed, and nothing is known.
  if (event.type === 'effect.ended' && event.payload.outcome === 'begun' && step?.node === site.within.join('/')) {
    const holders = [...(holdersOf(history.at(sequence).snapshot.context, step.index) ?? []), step.index]
    covers.delete(holders.join('/'))
    return
  }
  const holders = placeOf(site, history, checkpoint)
  if (holders === undefined) return
  const cover = coverOf(covers, holders)
  const writes = (keys: readonly string[]): boolean => {
    if (event.type === 'run.forked')
      return site.within.length === 0 && keys.some((key) => Object.hasOwn(event.payload.patch, key))
    return sequence > 0 && writesAny(holders, history, { sequence, keys })
  }
  if (cover.coveredBy !== null && writes(shownAt(graph, cover.coveredBy))) cover.coveredBy = null
  for (const guard of cover.known.keys()) if (writes(graph.guards[guard]?.reads ?? [])) cover.known.delete(guard)
  if (decision === null || !isOwn(site, decision.node)) return
  for (const { guard, result } of decision.candidates.flatMap((candidate) => candidate.guards ?? []))
    cover.known.set(guard, result)
  // Turns of an agent have outcomes too, and lead nowhere.
  const record = decision.to === null ? undefined : graph.nodes[namesOfPath(decision.node).at(-1) ?? '']
  // One handoff too many goes another way than its outcome says.
  const isMade = decision.handoff?.tooMany === undefined
  const isCrossed = isMade && record !== undefined && isCrossing(policy, record, decision.outcome)
  if (isCrossed && step !== null) cover.coveredBy = record.id
}

function writesAny(
  holders: readonly number[],
  history: History,
  { sequence, keys }: { readonly sequence: number; readonly keys: readonly string[] },
): boolean {
  const before = contextAt(holders, history, sequence - 1)?.state
  const after = contextAt(holders, history, sequence)?.state
  return keys.some((key) => before?.[key] !== after?.[key])
}

function toolOf(
  history: History,
  sequence: number,
  { step: index, node }: { readonly step: number; readonly node: string },
): string | undefined {
  const step = openIn(history.at(sequence).snapshot.context)[index]
  const record = nodeAt(history.graph, node)?.node
  return step?.tool ?? (record?.kind === 'tool' ? record.tool : undefined)
}

function isExcused({ given }: PolicyRecord, known: ReadonlyMap<string, boolean>): boolean {
  return given !== null && evaluate(given, known) === false
}

function evaluate(
  expression: NonNullable<PolicyRecord['given']>,
  readings: ReadonlyMap<string, boolean>,
): boolean | undefined {
  if ('guard' in expression) return readings.get(expression.guard)
  // Policies name guards only.
  if ('failure' in expression || 'active' in expression) return undefined
  if ('not' in expression) {
    const inner = evaluate(expression.not, readings)
    return inner === undefined ? undefined : !inner
  }
  const parts = new Set(('all' in expression ? expression.all : expression.any).map((part) => evaluate(part, readings)))
  const decisive = !('all' in expression)
  if (parts.has(decisive)) return decisive
  return parts.has(undefined) ? undefined : !decisive
}
