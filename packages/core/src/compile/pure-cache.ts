import { sha256 } from '../base/hash.ts'
import { canonicalJson, type Json } from '../base/json.ts'
import { jsonSize } from '../base/json-size.ts'
import { own } from '../base/own.ts'
import type { Graph, NodeRecord, ToolRecord } from '../graph/graph.ts'
import { callApprovalOf, callEffectOf } from '../graph/tool-use.ts'
import type { CachedResult, RunContext } from '../snapshot/snapshot.ts'
import { withContext } from './steps.ts'

/** Results that a run keeps, at most: with {@link largestResult} this bounds what a snapshot grows by. */
const mostResults = 200

/** Largest result that is kept, bytes of JSON. */
const largestResult = 32_768

/** Of tools, by record: what tells two of one name apart that different workflows of a run declare. */
const shapes = new WeakMap<ToolRecord, string>()

function shapeOf(tool: ToolRecord): string {
  const known = shapes.get(tool)
  if (known !== undefined) return known
  const { inputSchema, outputSchema, maxOutputBytes = null } = tool
  const shape = sha256(canonicalJson([inputSchema, outputSchema, maxOutputBytes]))
  shapes.set(tool, shape)
  return shape
}

/** What a call of a pure tool is known by in a run and in all that is nested in it; undefined when its results are not kept. */
export function cacheKeyOf(
  graph: Graph,
  node: NodeRecord,
  call: { readonly tool: string; readonly given: Json | undefined },
): string | undefined {
  const tool = own(graph.tools, call.tool)
  const effect = node.kind === 'tool' ? node.effect : callEffectOf(graph, node, call.tool)
  // Where a person is asked, each call is theirs to decide.
  if (node.kind === 'agent' && callApprovalOf(graph, node, call.tool) !== null) return undefined
  if (tool === undefined || effect !== 'pure' || tool.cache === false || call.given === undefined) return undefined
  const { group } = node
  // With secrets of its own, a group may be given other answers.
  const whose = group === undefined ? [] : [group]
  return sha256(canonicalJson([tool.name, tool.version, shapeOf(tool), call.given, ...whose]))
}

/** The result of an identical call before; undefined: there is none. */
export function cachedResult(context: RunContext, key: string | undefined): CachedResult | undefined {
  return key === undefined || context.cached === undefined ? undefined : own(context.cached, key)
}

/** Marks a result as private to the group of its node, when that has a store of its own. */
export function privateMark({ groups }: Graph, { group }: NodeRecord): { readonly group?: string } {
  return group !== undefined && own(groups ?? {}, group)?.own?.includes('store') === true ? { group } : {}
}

/** Keeps the result of a pure call for the rest of the run, while there is room. The first of two results stays. Pure. */
export function keepResult(context: RunContext, key: string | undefined, kept: CachedResult): RunContext {
  if (key === undefined || cachedResult(context, key) !== undefined) return context
  if (Object.keys(context.cached ?? {}).length >= mostResults) return context
  if (jsonSize(kept.result, largestResult) > largestResult) return context
  return withContext(context, { cached: Object.freeze({ ...context.cached, [key]: Object.freeze(kept) }) })
}
