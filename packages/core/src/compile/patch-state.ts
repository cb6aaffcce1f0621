import type { Json, JsonObject } from '../base/json.ts'
import type { PolicyRecord } from '../graph/graph.ts'
import { crossingName } from '../graph/policy-crossing.ts'
import type { RunPatch } from '../snapshot/event.ts'
import type { AddedItems, OpenFork } from '../snapshot/open-fork.ts'
import type { OpenStep, RunContext } from '../snapshot/snapshot.ts'
import type { CompiledWorkflow } from './compiled-workflow.ts'
import { pathAt, placesOf, rootPlace } from './place.ts'
import { brokenBy, brokenText, standsAt } from './operator-policies.ts'
import { seenAfter } from './seen-state.ts'
import { withContext } from './steps.ts'

/** Why a patch of an operator's is not taken. */
export interface PatchRefusal {
  readonly reason: 'write-undeclared' | 'effect-under-way' | 'approval-outlived' | 'policy-broken'
  readonly message: string
}

/**
 * Why a patch cannot be taken as the run stands; undefined: it can.
 *
 * No approval outlives a patch of what it showed: a yes to a call that has not ended, and one that a policy relies on, forbid it
 * unless the tool is overridden. An effect that must not be repeated keeps its input, since further attempts have the same effect id:
 * no override changes that.
 */
export function patchRefusal(
  compiled: CompiledWorkflow,
  context: RunContext,
  patch: RunPatch,
): PatchRefusal | undefined {
  const { graph } = compiled
  const keys = keysOf(patch)
  const foreign = keys.filter((key) => !Object.hasOwn(graph.state, key))
  if (foreign.length > 0) return { reason: 'write-undeclared', message: `there is no state key ${foreign.join(', ')}` }
  const open = Object.entries(context.open)
  for (const [index, step] of open) {
    const read = keysReadBy(compiled, step, keys)
    if (read === undefined || !isBegunForGood(compiled, step)) continue
    const message = `step ${index} of ${step.node} is under way with ${read}; its further attempts must have the same input, so wait until it has ended`
    return { reason: 'effect-under-way', message }
  }
  const isOverridden = (tool: string): boolean => patch.override?.includes(tool) === true
  for (const [index, step] of open) {
    const read = keysReadBy(compiled, step, keys)
    if (read === undefined || step.approved === undefined || isOverridden(step.tool ?? '')) continue
    const message = `somebody approved step ${index} of ${step.node}, a call of tool ${step.tool ?? ''}, when ${read} was what they were shown; wait until it has ended, leave ${read} alone, or override tool ${step.tool ?? ''}`
    return { reason: 'approval-outlived', message }
  }
  const nestedYes = approvedInside(compiled, context, keys).find(({ tool }) => !isOverridden(tool))
  if (nestedYes !== undefined) {
    const { index, path, tool, read } = nestedYes
    const message = `somebody approved step ${index} of ${path}, a call of tool ${tool}, in a workflow that was begun with ${read}; wait until it has ended, leave ${read} alone, or override tool ${tool}`
    return { reason: 'approval-outlived', message }
  }
  // What is held begins nothing: there it is noted, and looked at again when the run is released.
  const [broken] = context.held === null ? policiesOfPatch(compiled, context, patch) : []
  if (broken === undefined) return undefined
  const message = `the patch changes what ${crossingName(broken)} depends on, and ${brokenText(broken, standsAt(context))}; leave ${keys.join(', ')} alone, hold the run and redirect it to where that is asked, or override tool ${broken.never}`
  return { reason: 'policy-broken', message }
}

/** Policies that a patch breaks as the run stands, those of overridden tools left out. */
export function policiesOfPatch(
  { graph }: CompiledWorkflow,
  context: RunContext,
  patch: RunPatch,
): readonly PolicyRecord[] {
  return brokenBy(graph, { keys: keysOf(patch), nodes: standsAt(context) }, patch.override)
}

function keysOf({ state, unset = [] }: Pick<RunPatch, 'state' | 'unset'>): readonly string[] {
  return [...Object.keys(state), ...unset]
}

/** Those of the keys that the step's node reads, as a list for people; undefined: none. */
function keysReadBy({ graph }: CompiledWorkflow, { node }: OpenStep, keys: readonly string[]): string | undefined {
  const read = keys.filter((key) => graph.nodes[node]?.reads.includes(key) === true)
  return read.length === 0 ? undefined : read.join(', ')
}

/** A call under way on somebody's yes inside a node that reads what is patched. */
interface ApprovedInside {
  readonly index: string
  readonly path: string
  readonly tool: string
  /** Those of the keys, as a list for people. */
  readonly read: string
}

/** What is nested works on what it was begun with: what people were shown there came out of what the node that holds it had read. */
function approvedInside(
  compiled: CompiledWorkflow,
  context: RunContext,
  keys: readonly string[],
): readonly ApprovedInside[] {
  if (context.children === undefined) return []
  return placesOf(rootPlace(compiled, { value: '', context })).flatMap((place) => {
    const held = context.open[place.around[0]?.step ?? '']
    const read = held === undefined ? undefined : keysReadBy(compiled, held, keys)
    if (read === undefined) return []
    return Object.entries(place.snapshot.context.open).flatMap(([index, { node, approved, tool = '' }]) =>
      approved === undefined ? [] : [{ index, path: pathAt(place, node), tool, read }],
    )
  })
}

/** An effect whose input follows from the state, and that a service knows by its effect id, or may not be repeated at all. */
function isBegunForGood({ graph }: CompiledWorkflow, { node, kind }: OpenStep): boolean {
  const effect = graph.nodes[node]?.effect
  const isOwnEffect = kind === 'task' || kind === 'tool' || kind === 'gate' || kind === 'item'
  return isOwnEffect && (effect === 'keyed' || effect === 'unsafe')
}

/**
 * The context with state keys set and removed: for every node, those that read the state as it was at a fork too. Lists that branches
 * add to begin to be counted anew.
 */
export function patchedContext(context: RunContext, patch: Pick<RunPatch, 'state' | 'unset'>): RunContext {
  if (keysOf(patch).length === 0) return context
  const next: { [key: string]: Json } = { ...context.state, ...patch.state }
  for (const key of patch.unset ?? []) delete next[key]
  const state = Object.freeze(next)
  const forks = context.forks === undefined ? undefined : forksAfter(context.forks, state, keysOf(patch))
  return withContext(context, { state, ...(forks !== undefined && { forks }) })
}

/** A fork under way after a patch: what nodes see that read the state as it was at the fork is patched too, lists are counted anew. */
function forksAfter(
  forks: NonNullable<RunContext['forks']>,
  state: JsonObject,
  keys: readonly string[],
): NonNullable<RunContext['forks']> {
  const anew = Object.entries(forks).map(([join, fork]): readonly [string, OpenFork] => {
    const added = addedAfter(fork, state, keys)
    const seen = fork.seen === undefined ? undefined : seenAfter(fork.seen, state, keys)
    if (added === fork.added && seen === fork.seen) return [join, fork]
    return [
      join,
      Object.freeze({ ...fork, ...(added !== undefined && { added }), ...(seen !== undefined && { seen }) }),
    ]
  })
  return Object.freeze(Object.fromEntries(anew))
}

/** Which branch added which items is no longer known of a list that was set anew: what is there stays in its place. */
function addedAfter(fork: OpenFork, state: JsonObject, keys: readonly string[]): OpenFork['added'] {
  const counted = Object.entries(fork.added ?? {})
  if (!counted.some(([key]) => keys.includes(key))) return fork.added
  const added = counted.map(([key, items]): readonly [string, AddedItems] => {
    const list = state[key]
    const from = Array.isArray(list) ? list.length : 0
    return [key, keys.includes(key) ? Object.freeze({ from, runs: Object.freeze([]) }) : items]
  })
  return Object.freeze(Object.fromEntries(added))
}
