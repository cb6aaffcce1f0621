import { assign, createMachine, raise, type AnyMachineSnapshot, type AnyStateMachine } from 'xstate'
import { modelsOf } from '../graph/asked-models.ts'
import {
  endTarget,
  exhaustedTarget,
  failTarget,
  personTarget,
  type EdgeRecord,
  type Graph,
  type JoinRecord,
  type NodeRecord,
  type Target,
  type WorkingRecord,
} from '../graph/graph.ts'
import type { ForkRegion, Way } from '../graph/regions.ts'
import type { RunContext } from '../snapshot/snapshot.ts'
import type { ActorInput, MachineEvent, MachineInput } from './machine-event.ts'
import { formatGuard } from '../check/propositions.ts'
import { cancelledState, eventNames, transitionNames } from './names.ts'
import type { RouteMemo } from './route-memo.ts'
import type { RouteParts } from './route-parts.ts'
import { closeAll, firstStepKind, initialContext, openStep, visitNode, withContext } from './steps.ts'
import { stubActor } from './stub-actor.ts'

interface TransitionConfig {
  readonly target?: string
  readonly reenter?: true
  readonly guard?: {
    readonly type: string
    readonly params: { readonly transition: string; readonly when?: string; readonly limit?: string }
  }
  readonly actions: readonly string[]
}

interface StateConfig {
  readonly id: string
  readonly type?: 'final' | 'parallel'
  readonly initial?: string
  readonly entry?: readonly string[]
  readonly invoke?: {
    readonly id: string
    readonly src: string
    readonly input: (args: { readonly context: RunContext }) => ActorInput
  }
  readonly on?: { readonly [event: string]: readonly TransitionConfig[] }
  readonly states?: { readonly [name: string]: StateConfig }
}

interface ActionArgs {
  readonly context: RunContext
  readonly event: MachineEvent
}

type ContextChange = (args: ActionArgs) => RunContext

/** The XState id of a target; node names hold no colon, so these cannot meet the generated names. */
function stateId(target: Target): string {
  return target.startsWith(':') ? `#state${target}` : `#node:${target}`
}

/** Collects what the states name: every action is a change of the context. */
interface Parts extends RouteParts {
  readonly memo: RouteMemo
  readonly isLean: boolean
  readonly changes: Map<string, ContextChange>
}

/**
 * Builds the XState machine of a graph: a state per node, a guarded transition per edge, a final state per way to end.
 *
 * Guards only compare: {@link RouteMemo} decides once per event which transition is taken.
 *
 * @param options - `isLean`: the same states and transitions for pure moves only. Nothing is invoked, since a pure transition starts
 * nothing and would make an actor to throw away; and a changed context is taken as it is, where `assign` makes a copy of it and
 * of what XState keeps beside it.
 */
export function buildMachine(
  routeParts: RouteParts,
  memo: RouteMemo,
  options: { readonly isLean: boolean } = { isLean: false },
): AnyStateMachine {
  const parts: Parts = { ...routeParts, ...options, memo, changes: new Map() }
  const { graph } = parts
  const states = nodeStates(parts)
  for (const [name, status] of finalStates) states[name] = finalState(parts, name, status)
  const config = {
    id: graph.name,
    context: ({ input }: { readonly input?: MachineInput }) =>
      initialContext(input?.state ?? Object.freeze({}), input?.at ?? 0, input),
    initial: graph.start,
    on: rootTransitions(parts),
    states,
  }
  const actions = {
    ...Object.fromEntries(
      [...parts.changes].map(([name, change]) => [
        name,
        parts.isLean ? replaceContext(change) : assign((args) => wholeChange(change, args as unknown as ActionArgs)),
      ]),
    ),
    ...Object.fromEntries(joinsOf(graph).map(({ id }) => [joinAction(id), raiseJoined(id)])),
  }
  const actors = Object.fromEntries(invokedActors(Object.values(graph.nodes)).map((name) => [name, stubActor]))
  const chosen = ({ context, event }: ActionArgs, params: { readonly transition: string }): boolean =>
    memo.routeOf(context, event)?.transition === params.transition
  // XState infers its types from literals; a machine built from data has none to infer, and they end here.
  return createMachine(
    config as unknown as Parameters<typeof createMachine>[0],
    {
      actions,
      actors,
      guards: { chosen },
    } as unknown as Parameters<typeof createMachine>[1],
  )
}

/** XState's assign adds to the context it has: what is gone from the next one has to be said. */
function wholeChange(change: ContextChange, args: ActionArgs): object {
  const next = change(args)
  const gone = (['forks', 'maps'] as const).filter((key) => args.context[key] !== undefined && next[key] === undefined)
  return gone.length === 0 ? next : { ...next, ...Object.fromEntries(gone.map((key) => [key, undefined])) }
}

/** An action as XState's own are made: `resolve` gives the snapshot after it. The pinned version calls it so, which tests of both machines hold. */
function replaceContext(change: ContextChange): object {
  const resolve = (_scope: unknown, snapshot: AnyMachineSnapshot, args: ActionArgs): readonly unknown[] => [
    { ...snapshot, context: change(args) },
    undefined,
    undefined,
  ]
  return Object.assign((): void => undefined, { type: 'waystone.replace-context', resolve })
}

const finalStates = [
  [endTarget, 'completed'],
  [failTarget, 'failed'],
  [exhaustedTarget, 'exhausted'],
  [cancelledState, 'cancelled'],
] as const

function joinsOf(graph: Graph): readonly JoinRecord[] {
  return Object.values(graph.nodes).filter((record) => record.kind === 'join')
}

function joinAction(join: string): string {
  return `raise:${join}`
}

/** A join does no work: it is left in the transition that enters it. */
function raiseJoined(join: string): ReturnType<typeof raise> {
  return raise(({ event }) => {
    const { at } = event as unknown as MachineEvent
    return { type: eventNames.joined(join), ...(at !== undefined && { at }) }
  })
}

function invokedActors(nodes: readonly NodeRecord[]): string[] {
  return nodes.flatMap((record) =>
    record.kind === 'join'
      ? []
      : record.kind === 'agent' && record.tools.length > 0
        ? [record.id, transitionNames.tools(record.id), transitionNames.approval(record.id)]
        : [record.id],
  )
}

function finalState(parts: Parts, name: string, status: (typeof finalStates)[number][1]): StateConfig {
  const action = `end:${status}`
  parts.changes.set(action, ({ context, event }) => {
    const at = event.at ?? 0
    const closed = closeAll(context)
    if (status === 'failed')
      return withContext(closed, { ending: Object.freeze({ status, at, error: context.error ?? routedToFail }) })
    if (status === 'exhausted')
      return withContext(closed, {
        ending: Object.freeze({ status, at, ...(context.exhausted !== null && { limit: context.exhausted.limit }) }),
      })
    if (status === 'cancelled')
      return withContext(closed, {
        ending: Object.freeze({ status, at, by: event.by ?? '', reason: event.reason ?? '' }),
      })
    return withContext(closed, { ending: Object.freeze({ status, at }) })
  })
  return { id: stateId(name).slice(1), type: 'final', entry: [action] }
}

const routedToFail = Object.freeze({
  name: 'NodeError',
  code: 'WAYSTONE_NODE_FAIL_TAKEN',
  message: 'an edge led to FAIL',
  retryable: false,
})

type States = { [name: string]: StateConfig }

/** The states of all nodes: those in a branch inside the parallel state of its fork, which stands beside the join. */
function nodeStates(parts: Parts): States {
  const { graph, index } = parts
  const root: States = {}
  if (index.forks === null) {
    for (const record of Object.values(graph.nodes)) root[record.id] = nodeState(parts, record)
    return root
  }
  const { forks, homes } = index.forks
  const branches = new Map<string, States>()
  const statesOf = (node: string): States => {
    const home = homes.get(node)?.at(-1)
    return home === undefined ? root : (branches.get(branchId(home.join, home.branch)) ?? root)
  }
  for (const region of forks.values())
    for (const { entry } of region.branches) branches.set(branchId(region.join.id, entry), {})
  for (const record of Object.values(graph.nodes)) {
    const region = forks.get(record.id)
    if (region !== undefined) statesOf(record.id)[forkState(record.id)] = parallelState(parts, region, branches)
    statesOf(record.id)[record.id] = nodeState(parts, record)
  }
  return root
}

/** Ids of generated states hold a colon, which names of nodes never do. */
function branchId(join: string, entry: string): string {
  return `branch:${join}:${entry}`
}

function forkState(join: string): string {
  return `:fork:${join}`
}

function endedId(join: string, entry: string): string {
  return `${branchId(join, entry)}:joined`
}

function parallelState(
  parts: Parts,
  { join, branches: list }: ForkRegion,
  branches: ReadonlyMap<string, States>,
): StateConfig {
  const states: States = {}
  for (const { entry } of list) {
    const id = branchId(join.id, entry)
    const inside = branches.get(id) ?? {}
    // Filled in as its nodes are met; the end comes last in no particular order.
    // Entering a final state makes XState look through the whole machine once more, and nothing waits for it here.
    inside[':joined'] = { id: endedId(join.id, entry), ...(parts.isLean ? {} : { type: 'final' as const }) }
    states[`:${entry}`] = { id, initial: entry, states: inside }
  }
  const transition = transitionNames.deadline(join.id)
  const late =
    join.deadlineMs === null ? {} : { [eventNames.deadline(join.id)]: [leaving(parts, { transition }, join.id)] }
  return { id: `fork:${join.id}`, type: 'parallel', on: late, states }
}

function joinState(parts: Parts, record: JoinRecord): StateConfig {
  const visit = visitAction(parts, record)
  return {
    id: stateId(record.id).slice(1),
    entry: [visit, joinAction(record.id)],
    on: { [eventNames.joined(record.id)]: waysOut(parts, record) },
  }
}

function visitAction(parts: Parts, record: NodeRecord): string {
  const visit = `enter:${record.id}`
  const resets = parts.index.resets.get(record.id) ?? []
  parts.changes.set(visit, ({ context, event }) =>
    visitNode(context, record, { resets, at: event.at ?? context.startedAt }),
  )
  return visit
}

function nodeState(parts: Parts, record: NodeRecord): StateConfig {
  return record.kind === 'join' ? joinState(parts, record) : workingState(parts, record)
}

function workingState(parts: Parts, record: WorkingRecord): StateConfig {
  const visit = visitAction(parts, record)
  const ask = `open:${record.id}`
  parts.changes.set(ask, ({ context, event }) => openStep(context, record, event.at ?? context.startedAt))
  const outcomes = outcomeTransitions(parts, record)
  const id = stateId(record.id).slice(1)
  const done = { [eventNames.done(record.id)]: outcomes, [eventNames.error(record.id)]: outcomes }
  const own = { ...done, [eventNames.item(record.id)]: outcomes }
  if (firstStepKind(record) !== 'model') {
    return { id, entry: [visit, ask], ...invoke(parts, record.id, record.id), on: record.kind === 'map' ? own : done }
  }
  return {
    id,
    initial: 'model',
    entry: [visit],
    on: own,
    states: agentStates(parts, record, { id, ask }),
  }
}

/**
 * `model` ⇄ `tools` ⇄ `approval`: what these do not take falls through to the node's own edges. `approval` is the active one exactly
 * while nothing runs and only people are awaited, whether a call may run or what came of one.
 */
function agentStates(
  parts: Parts,
  record: NodeRecord,
  names: { readonly id: string; readonly ask: string },
): { readonly [name: string]: StateConfig } {
  const node = record.id
  const modelId = `${names.id}:model`
  const toolsId = `${names.id}:tools`
  const approvalId = `${names.id}:approval`
  const again = inner(parts, transitionNames.model(node), `#${modelId}`)
  const hasTools = record.kind === 'agent' && record.tools.length > 0
  const toPeople = inner(parts, transitionNames.person(node), `#${approvalId}`)
  const toTools = inner(parts, transitionNames.tools(node), `#${toolsId}`)
  const inModel = [
    ...(hasTools ? [toTools, toPeople] : []),
    inner(parts, transitionNames.repair(node), `#${modelId}`),
    again,
  ]
  const model: StateConfig = {
    id: modelId,
    entry: [names.ask],
    ...invoke(parts, node, node),
    on: { [eventNames.done(node)]: inModel, [eventNames.error(node)]: inModel },
  }
  if (!hasTools) return { model }
  const tools: StateConfig = {
    id: toolsId,
    ...invoke(parts, node, transitionNames.tools(node)),
    on: { [eventNames.item(node)]: [inner(parts, transitionNames.item(node)), toPeople, again] },
  }
  const approval: StateConfig = {
    id: approvalId,
    ...invoke(parts, node, transitionNames.approval(node)),
    on: {
      [eventNames.item(node)]: [
        inner(parts, transitionNames.item(node)),
        toTools,
        // A person has said that a call did not happen: it runs again.
        inner(parts, transitionNames.retry(node), `#${toolsId}`),
        again,
      ],
    },
  }
  return { model, tools, approval }
}

function invoke(parts: Parts, node: string, actor: string): Pick<StateConfig, 'invoke'> {
  if (parts.isLean) return {}
  return {
    invoke: {
      id: actor,
      src: actor,
      input: ({ context }) => {
        const open = Object.keys(context.open).filter((index) => context.open[index]?.node === node)
        return { node, stepIndex: Number(open.at(-1) ?? -1), state: context.state }
      },
    },
  }
}

/** The transitions by which a node ends, retries or asks a person, in the order they are tried. */
function outcomeTransitions(parts: Parts, record: NodeRecord): readonly TransitionConfig[] {
  return [
    inner(parts, transitionNames.retry(record.id)),
    inner(parts, transitionNames.person(record.id)),
    ...(modelsOf(record).length > 1 ? [inner(parts, transitionNames.fallback(record.id))] : []),
    ...(record.kind === 'map' ? mapMoves(parts, record.id) : []),
    ...waysOut(parts, record),
  ]
}

/** A map begins items, goes on beside one that has ended, and gathers its results. */
function mapMoves(parts: Parts, node: string): readonly TransitionConfig[] {
  const { items, item, collect } = transitionNames
  return [items, item, collect].map((name) => inner(parts, name(node)))
}

/** The edges of a node, and what is there by rule. */
function waysOut(parts: Parts, record: NodeRecord): readonly TransitionConfig[] {
  const list: TransitionConfig[] = []
  for (const byOutcome of parts.index.edges.get(record.id)?.values() ?? []) {
    for (const edge of byOutcome) list.push(...edgeTransitions(parts, edge))
  }
  list.push(
    leaving(parts, { transition: transitionNames.exhausted }, parts.graph.limits.exhausted),
    leaving(parts, { transition: transitionNames.noRoute }, failTarget),
    leaving(parts, { transition: transitionNames.guardError }, failTarget),
  )
  return list
}

function edgeTransitions(parts: Parts, edge: EdgeRecord): readonly TransitionConfig[] {
  if (edge.to === personTarget) return []
  const when = edge.when === null ? {} : { when: formatGuard(edge.when) }
  const limit =
    edge.limit === null
      ? {}
      : { limit: `at most ${edge.limit.max}${edge.limit.per === null ? '' : ` per ${edge.limit.per}`}` }
  const own = wayTransitions(parts, { transition: edge.id, ...when, ...limit }, edge.to)
  if (edge.otherwise === null) return own
  return [...own, ...wayTransitions(parts, { transition: transitionNames.otherwise(edge.id), ...when }, edge.otherwise)]
}

/** The transition of an edge; two for one that ends a branch: the join fires, or waits. */
function wayTransitions(parts: Parts, params: Params, to: Target): readonly TransitionConfig[] {
  const way = parts.index.forks?.ways.get(params.transition)
  switch (way?.type) {
    case 'fork':
      return [leavingTo(parts, params, `#fork:${way.join}`)]
    case 'arrival':
      return arrivalTransitions(parts, params, way)
    case 'plain':
    case 'leaving':
    case undefined:
      return [leaving(parts, params, to)]
  }
}

function arrivalTransitions(
  parts: Parts,
  params: Params,
  { join, branch, isFailure }: Extract<Way, { type: 'arrival' }>,
): readonly TransitionConfig[] {
  const fires = leaving(parts, params, join)
  const record = parts.graph.nodes[join]
  if (isFailure && record?.kind === 'join' && record.failed === 'raise') return [fires]
  const waits = { ...params, transition: transitionNames.waits(params.transition) }
  return [fires, leavingTo(parts, waits, `#${endedId(join, branch)}`)]
}

type Params = NonNullable<TransitionConfig['guard']>['params']

function leaving(parts: Parts, params: Params, to: Target): TransitionConfig {
  return leavingTo(parts, params, stateId(to))
}

function leavingTo(parts: Parts, params: Params, target: string): TransitionConfig {
  return {
    target,
    reenter: true,
    guard: { type: 'chosen', params },
    actions: [takeAction(parts, params.transition)],
  }
}

/** A move inside the node; without a target it stays in its state and starts nothing. */
function inner(parts: Parts, transition: string, target?: string): TransitionConfig {
  const guard = { type: 'chosen', params: { transition } }
  const actions = [takeAction(parts, transition)]
  return target === undefined ? { guard, actions } : { target, reenter: true, guard, actions }
}

function takeAction(parts: Parts, transition: string): string {
  const name = `take:${transition}`
  if (!parts.changes.has(name))
    parts.changes.set(name, ({ context, event }) => parts.memo.take(transition, context, event))
  return name
}

function rootTransitions(parts: Parts): { readonly [event: string]: readonly TransitionConfig[] } {
  const stop = 'stop:duration'
  parts.changes.set(stop, ({ context, event }) =>
    withContext(closeAll(context), {
      exhausted: context.exhausted ?? Object.freeze({ limit: event.limit ?? 'durationMs', at: event.at ?? 0 }),
    }),
  )
  return {
    [eventNames.cancel]: [{ target: stateId(cancelledState), reenter: true, actions: [] }],
    [eventNames.duration]: [{ target: stateId(parts.graph.limits.exhausted), reenter: true, actions: [stop] }],
  }
}
