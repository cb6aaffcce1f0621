import { raise } from 'xstate'
import type { Graph, JoinRecord } from '../graph/graph.ts'
import type { ForkRegion } from '../graph/regions.ts'
import type { MachineEvent } from './machine-event.ts'
import { eventNames, transitionNames } from './names.ts'
import { branchId, endedId, forkState, type Parts, type StateConfig } from './machine-parts.ts'
import { nodeState } from './machine-nodes.ts'
import { leaving } from './machine-edges.ts'
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
    const on = redirectsInto(parts, { join: join.id, branch: entry })
    states[`:${entry}`] = { id, initial: entry, ...(Object.keys(on).length > 0 && { on }), states: inside }
  }
  const transition = transitionNames.deadline(join.id)
  const late =
    join.deadlineMs === null ? {} : { [eventNames.deadline(join.id)]: [leaving(parts, { transition }, join.id)] }
  return { id: `fork:${join.id}`, type: 'parallel', on: late, states }
}
