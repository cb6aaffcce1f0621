import { namesOfPath } from '../base/node-path.ts'
import type { Store } from '../checkpoint/store.ts'
import { atomsOf } from '../check/propositions.ts'
import { storeError } from '../errors/store-error.ts'
import type { Graph, PolicyRecord } from '../graph/graph.ts'
import { nestedIn, nodeAt } from '../graph/nested-graphs.ts'
import { isCrossing, shownAt } from '../graph/policy-crossing.ts'
import type { Checkpoint } from '../snapshot/checkpoint.ts'
import type { RunContext } from '../snapshot/snapshot.ts'
import { holdersOf, openIn } from '../snapshot/tree.ts'
import { readHistory, type History } from './history.ts'

/** A workflow whose policies are looked at: the run's, or one that is nested in it. */
export interface Site {
  readonly graph: Graph
  /** Names of the nodes that hold it, outermost first. */
  readonly within: readonly string[]
}

export function sitesOf(graph: Graph, within: readonly string[]): readonly Site[] {
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
export interface Cover {
  /** Where the outcome has been crossed in this run since the tool last ran and since what it showed was last written; null: nowhere. */
  coveredBy: string | null
  /** Last results of the guards of `given`, until something they read is written; `untold`: of a run that is no longer stored. */
  readonly known: Map<string, boolean | 'untold'>
}

type Readings = ReadonlyMap<string, boolean | 'untold'>

/** Of each workflow under way. */
export class Covers {
  readonly #covers = new Map<string, Cover>()
  readonly #before: readonly string[]

  /** @param before - guards of which nobody knows what they had given before the walk begins */
  constructor(before: readonly string[]) {
    this.#before = before
  }

  /** @param holders - the steps that hold the workflow, outermost first */
  of(holders: readonly number[]): Cover {
    const key = holders.join('/')
    const known = this.#covers.get(key)
    if (known !== undefined) return known
    return this.#put(key, this.#before)
  }

  /** A nested workflow begins: nothing was crossed, and nothing is known. */
  begin(holders: readonly number[]): void {
    this.#put(holders.join('/'), [])
  }

  /** What the origin had crossed was for the origin. */
  fork(): void {
    for (const cover of this.#covers.values()) cover.coveredBy = null
  }

  #put(key: string, untold: readonly string[]): Cover {
    const cover: Cover = { coveredBy: null, known: new Map(untold.map((guard) => [guard, 'untold'])) }
    this.#covers.set(key, cover)
    return cover
  }
}

/** Part of a run's way: its own, or that of a run it was forked from, up to the fork. */
export interface Way {
  readonly history: History
  readonly to: number
}

/** What a run was forked from and which is no longer stored. */
export interface MissingOrigin {
  readonly runId: string
  readonly sequence: number
}

/** Ways, oldest first, and where they are cut off; absent: they are whole. */
export interface ReadWays {
  readonly ways: readonly Way[]
  readonly missingOrigin?: MissingOrigin
}

/**
 * The run's own way and, before it, those of the runs it was forked from, as far as they are still stored. Order: oldest first.
 *
 * @throws {StoreError} WAYSTONE_STORE_CORRUPT also when a fork does not name the hash of what it was forked from
 */
export async function readWays(store: Store, history: History): Promise<ReadWays> {
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

/** How a policy fared on a way. */
export interface Walked {
  /** Sequences at which the tool was asked for. */
  readonly uses: readonly number[]
  /** Those of them without the outcome. */
  readonly violations: readonly number[]
  /** Those of them of which it depends on a run that is no longer stored. */
  readonly untold: readonly number[]
  /** As it stands at the end of the way. */
  readonly covers: Covers
}

interface Walk {
  readonly covers: Covers
  readonly site: Site
  readonly policy: PolicyRecord
}

/**
 * Walks a run, and those it was forked from, against one policy: at each start of the tool the outcome must have been crossed since the tool last
 * ran, since the keys shown were last written, and since the run was forked. Starts while `given` is known to be false are excused.
 *
 * @param isWhole - false: the first way goes on from a run that is no longer stored
 * @returns of the last way
 */
export function walkPolicy(
  ways: readonly Way[],
  { site, policy, isWhole }: { readonly site: Site; readonly policy: PolicyRecord; readonly isWhole: boolean },
): Walked {
  const covers = new Covers(isWhole || policy.given === null ? [] : [...atomsOf(policy.given)])
  let found: Omit<Walked, 'covers'> = { uses: [], violations: [], untold: [] }
  for (const way of ways) {
    covers.fork()
    found = walkWay(way, { covers, policy, site })
  }
  return { ...found, covers }
}

function walkWay({ history, to }: Way, { covers, policy, site }: Walk): Omit<Walked, 'covers'> {
  const uses: number[] = []
  const violations: number[] = []
  const untold: number[] = []
  const started = new Set<number>()
  const said = new Said()
  for (const checkpoint of history.checkpoints.slice(0, to + 1)) {
    const { sequence, commands } = checkpoint
    updateCover(history, checkpoint, { covers, policy, site })
    said.add(history, checkpoint)
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
      const cover = covers.of(holdersIn(site, context, command.step) ?? [])
      const isAsked = policy.without === 'approval' && said.isYesTo(context, command.step, policy)
      const given = cover.coveredBy !== null || isAsked ? false : isGiven(policy, cover.known)
      if (given === 'untold') untold.push(sequence)
      else if (given) violations.push(sequence)
      cover.coveredBy = null
    }
  }
  return { uses, violations, untold }
}

/** What people, and the rules they made, have said about single calls in a run. */
class Said {
  /** Calls of agents, by step: whether a rule said it. */
  readonly #calls = new Map<number, boolean>()
  /** The items, by the steps that hold them, whose call a person has said yes to. */
  readonly #items = new Set<string>()

  add(history: History, checkpoint: Checkpoint): void {
    const { event } = checkpoint
    if (event.type !== 'request.decided') return
    const { step, outcome, rule } = event.payload
    if (outcome === 'approved' || outcome === 'edited') this.#calls.set(step, rule !== undefined)
    const item = agreedItem(history, checkpoint)
    if (item !== undefined) this.#items.add(item)
  }

  /** Whether a person said yes to this very call: of an agent, or of an item of a map. A remembered yes only where the policy lets it count. */
  isYesTo(context: RunContext, step: number, { remembered }: PolicyRecord): boolean {
    const isRuled = this.#calls.get(step)
    if (isRuled === true && remembered !== true) return false
    const isCall = isRuled !== undefined && openIn(context)[step]?.approved !== undefined
    return isCall || this.#items.has((holdersOf(context, step) ?? []).join('/'))
  }
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

function updateCover(history: History, checkpoint: Checkpoint, { covers, policy, site }: Walk): void {
  const { sequence, event, decision, step } = checkpoint
  const { graph } = site
  if (event.type === 'effect.ended' && event.payload.outcome === 'begun' && step?.node === site.within.join('/')) {
    covers.begin([...(holdersOf(history.at(sequence).snapshot.context, step.index) ?? []), step.index])
    return
  }
  const holders = placeOf(site, history, checkpoint)
  if (holders === undefined) return
  const cover = covers.of(holders)
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
  // A function of the author's that undoes a tool's work is no run of the tool.
  return step?.tool ?? (step?.undoes === undefined && record?.kind === 'tool' ? record.tool : undefined)
}

/** Whether a policy is meant, as far as is known; `untold`: what a run that is no longer stored had read tells it. */
function isGiven({ given }: PolicyRecord, known: Readings): boolean | 'untold' {
  if (given === null) return true
  const result = evaluate(given, known)
  if (result !== undefined) return result
  return [...known.values()].includes('untold') ? 'untold' : true
}

/** Whether a policy may be meant, as far as is known. */
export function isMeantBy(policy: PolicyRecord, known: ReadonlyMap<string, boolean>): boolean {
  return isGiven(policy, known) !== false
}

/** Whether an expression holds, as far as is known. */
function evaluate(expression: NonNullable<PolicyRecord['given']>, readings: Readings): boolean | undefined {
  if ('guard' in expression) return toldOf(readings.get(expression.guard))
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

function toldOf(reading: boolean | 'untold' | undefined): boolean | undefined {
  return reading === 'untold' ? undefined : reading
}

/** What guards gave last, of those of which it is known. */
export function truthOf({ known }: Cover): ReadonlyMap<string, boolean> {
  return new Map([...known].flatMap(([guard, result]) => (result === 'untold' ? [] : [[guard, result] as const])))
}
