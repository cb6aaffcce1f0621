import { raise } from 'xstate'
import type { Graph, JoinRecord } from '../graph/graph.ts'
import type { ForkRegion } from '../graph/regions.ts'
import type { MachineEvent } from './machine-event.ts'
import { eventNames, transitionNames } from './names.ts'
import {
  branchId,
  endedId,
  forkState,
  settledAction,
  stateId,
  type Parts,
  type StateConfig,
  type TransitionConfig,
} from './machine-parts.ts'
import { moveBranch } from './fork-ledger.ts'
import type { BranchStatus } from '../snapshot/open-fork.ts'
import { nodeState } from './machine-nodes.ts'
import { inner, leaving } from './machine-edges.ts'
import { redirectsInto } from './machine-redirects.ts'

/** The joins of a graph. */
export function joinsOf(graph: Graph): readonly JoinRecord[] {
  return Object.values(graph.nodes).filter((record) => record.kind === 'join')
}

/** A join does no work: it is left in the transition that enters it. */
export function raiseJoined(join: string): ReturnType<typeof raise> {
  return raise(({ event }) => {
    const { at } = event as unknown as MachineEvent
    return { type: eventNames.joined(join), ...(at !== undefined && { at }) }
  })
}

/** Branches that waited begin, or end: in the transition that raises it. */
export function raiseSettled(join: string): ReturnType<typeof raise> {
  return raise(({ event }) => {
    const { at } = event as unknown as MachineEvent
    return { type: eventNames.settled(join), ...(at !== undefined && { at }) }
  })
}

/** The forks of a graph whose branches begin one by one. */
export function gatedForks({ index: { forks } }: Pick<Parts, 'index'>): readonly string[] {
  return [...(forks?.forks.values() ?? [])].filter(({ isGated }) => isGated).map(({ join }) => join.id)
}

type States = { [name: string]: StateConfig }

/** The states of all nodes: those in a branch inside the parallel state of its fork, which stands beside the join. */
export function nodeStates(parts: Parts): States {
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

function parallelState(parts: Parts, region: ForkRegion, branches: ReadonlyMap<string, States>): StateConfig {
  const { join, branches: list, isGated } = region
  const states: States = {}
  for (const { entry } of list) {
    const id = branchId(join.id, entry)
    const inside = branches.get(id) ?? {}
    // Filled in as its nodes are met; the end comes last in no particular order.
    // Entering a final state makes XState look through the whole machine once more, and nothing waits for it here.
    inside[':joined'] = { id: endedId(join.id, entry), ...(parts.isLean ? {} : { type: 'final' as const }) }
    const on = redirectsInto(parts, { join: join.id, branch: entry })
    const plain = { id, initial: entry, ...(Object.keys(on).length > 0 && { on }), states: inside }
    states[`:${entry}`] = isGated ? gatedBranch(parts, { id, entry, join: join.id, inside, on }) : plain
  }
  const transition = transitionNames.deadline(join.id)
  const late =
    join.deadlineMs === null ? {} : { [eventNames.deadline(join.id)]: [leaving(parts, { transition }, join.id)] }
  const entry = isGated ? { entry: [settledAction(join.id)] } : {}
  const on = { ...late, ...freeing(parts, region) }
  return { id: `fork:${join.id}`, type: 'parallel', ...entry, on, states }
}

/** Where branches share a name, one may have to wait until what held it has stopped. */
function freeing(parts: Parts, { join, branches, isGated }: ForkRegion): NonNullable<StateConfig['on']> {
  if (!isGated || branches.every(({ locks }) => locks.length === 0)) return {}
  const freed = inner(parts, transitionNames.freed(join.id))
  const begin = { ...freed, actions: [...freed.actions, settledAction(join.id)] }
  const exhausted = leaving(parts, { transition: transitionNames.exhausted }, parts.graph.limits.exhausted)
  return { [eventNames.freed(join.id)]: [begin, exhausted] }
}

/** A branch that begins when the ledger says so, or never; and that another branch may end. */
function gatedBranch(
  parts: Parts,
  site: {
    readonly id: string
    readonly entry: string
    readonly join: string
    readonly inside: States
    /** Redirects inside it. */
    readonly on: NonNullable<StateConfig['on']>
  },
): StateConfig {
  const { id, entry, join, inside, on } = site
  const settled = eventNames.settled(join)
  const move = (as: readonly BranchStatus[], target: string, to?: BranchStatus): TransitionConfig => {
    const guard = { type: 'stands' as const, params: { join, branch: entry, as } }
    if (to === undefined) return { target, guard, actions: [] }
    const action = `branch:${join}:${entry}:${to}`
    parts.changes.set(action, ({ context }) => moveBranch(context, { join, branch: entry, status: to }))
    return { target, guard, actions: [action] }
  }
  const ended = `#${endedId(join, entry)}`
  const begin = move(['starting'], stateId(entry), 'running')
  const idle: StateConfig = {
    id: `${id}:idle`,
    on: { [settled]: [begin, move(['skipped', 'cancelled'], ended)] },
  }
  const stop = move(['cancelling'], ended, 'cancelled')
  // Not a copy: nodes that are declared after the join are still to be filled in.
  inside[':idle'] = idle
  return { id, initial: ':idle', on: { ...on, [settled]: [stop] }, states: inside }
}
