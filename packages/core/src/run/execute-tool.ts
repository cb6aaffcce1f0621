import { canonicalJson, takeJson, type Json } from '../base/json.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import { cachedResult, cacheKeyOf } from '../compile/pure-cache.ts'
import { invariantError } from '../errors/invariant-error.ts'
import { nodeError } from '../errors/node-error.ts'
import type { ToolNodeRecord } from '../graph/graph.ts'
import type { ToolFunctions, ToolNodeFunctions } from '../graph/registry.ts'
import type { EffectScope } from './effect-context.ts'
import { nodeInputOf, type EffectJob, type Ended } from './effect-job.ts'
import { issueLines } from './issues.ts'
import { refuseLarge } from './output-cap.ts'
import { parsePatch, pickPatch } from './parse-patch.ts'
import { endedWith } from './patch-end.ts'
import { isThenable, whenDone } from './when-done.ts'

/** Runs the tool of a tool node once: state to input, input to output, output to patch, each checked. */
export function executeTool(
  job: EffectJob,
  record: ToolNodeRecord,
  functions: ToolNodeFunctions,
): Ended | Promise<Ended> {
  return whenDone(inputOf(job, record, functions), (input) => {
    const call = cacheKeyOf(job.compiled.graph, record, { tool: record.tool, given: jsonOf(input) })
    const known = cachedResult(job.context, call)
    // What a model was told of a large output is no output.
    if (known !== undefined && known.isCut !== true)
      return { ...applyOutput(job, { record, functions, output: known.result }), isCached: true }
    return runTool({ compiled: job.compiled, tool: record.tool, input, context: job.scope }, (output) => {
      refuseLarge(job.compiled.graph, record.tool, output)
      const end = applyOutput(job, { record, functions, output })
      return call === undefined || !holdsOutput(end, output) ? end : { ...end, call }
    })
  })
}

/** Inputs of tool nodes, which are compared before and while their tool runs: the author's function runs once for each. */
const knownInputs = new WeakMap<EffectJob, { readonly input: unknown }>()

function inputOf(job: EffectJob, record: ToolNodeRecord, functions: ToolNodeFunctions): unknown {
  const known = knownInputs.get(job)
  if (known !== undefined) return known.input
  const nodeInput = nodeInputOf(record, job.context)
  const input = functions.input === null ? nodeInput.state : functions.input(nodeInput)
  knownInputs.set(job, { input })
  return input
}

/** What the call of a tool node is known by, before it runs; undefined when that can be told only then, or its results are not kept. */
export function inputKeyOf(job: EffectJob, record: ToolNodeRecord): string | undefined {
  const functions = job.compiled.registry.nodes.get(record.id)
  if (functions?.kind !== 'tool') return undefined
  try {
    const input = inputOf(job, record, functions)
    if (!isThenable(input)) return cacheKeyOf(job.compiled.graph, record, { tool: record.tool, given: jsonOf(input) })
    // It may reject long before somebody waits for it.
    input.then(undefined, () => undefined)
    return undefined
  } catch {
    // It throws again when the tool is to run, and is then the end of the attempt.
    return undefined
  }
}

interface ToolOutput {
  readonly record: ToolNodeRecord
  readonly functions: ToolNodeFunctions
  readonly output: Json
}

function applyOutput(job: EffectJob, { record, functions, output }: ToolOutput): Ended {
  const { apply } = functions
  const patch =
    apply === null ? pickPatch(job.compiled, record, output) : apply(output, nodeInputOf(record, job.context))
  const end = endedWith('done', parsePatch(job.compiled, record, patch))
  return apply === null && isPatchItself(record, output) ? end : { ...end, output }
}

/** True when the output stands in the end as it is, from where it can be pointed to: as output, or as the patch. */
function holdsOutput(end: Ended, output: Json): boolean {
  return end.output !== undefined || (end.patch !== undefined && canonicalJson(end.patch) === canonicalJson(output))
}

/** An input as JSON; undefined for one that is none, such as what holds a date. */
function jsonOf(input: unknown): Json | undefined {
  try {
    return takeJson(input, 'input of a tool')
  } catch {
    return undefined
  }
}

/** A tool, what it is called with, and what it may reach. */
export interface ToolRun {
  readonly compiled: CompiledWorkflow
  readonly tool: string
  readonly input: unknown
  readonly context: EffectScope
}

/**
 * Calls a tool's function between its two schemas.
 *
 * @throws {NodeError} WAYSTONE_NODE_BAD_INPUT before the function is called (T2), WAYSTONE_NODE_BAD_OUTPUT after it
 */
export function runTool<Result>(call: ToolRun, next: (output: Json) => Result): Result | Promise<Awaited<Result>> {
  const functions = toolFunctions(call.compiled, call.tool)
  const input = functions.input.safeParse(call.input)
  if (!input.success)
    throw misfit('WAYSTONE_NODE_BAD_INPUT', `input of tool ${JSON.stringify(call.tool)}`, issueLines(input.error))
  return whenDone(functions.run(input.data, call.context), (given) => {
    call.context.hasReturned = true
    return next(parseOutput(call.tool, functions, given))
  })
}

/** The functions of a tool that the graph names. */
export function toolFunctions(compiled: CompiledWorkflow, tool: string): ToolFunctions {
  const functions = compiled.registry.tools.get(tool)
  if (functions !== undefined) return functions
  throw invariantError('WAYSTONE_BUG_REGISTRY', `tool ${JSON.stringify(tool)} is in the graph and not in the registry`)
}

function parseOutput(tool: string, functions: ToolFunctions, given: unknown): Json {
  const what = `output of tool ${JSON.stringify(tool)}`
  const json = takeJson(given === undefined ? null : given, what)
  const output = functions.output.safeParse(json)
  if (!output.success && given === undefined && functions.output.safeParse(undefined).success) return null
  if (!output.success) throw misfit('WAYSTONE_NODE_BAD_OUTPUT', what, issueLines(output.error))
  return takeJson(output.data === undefined ? null : output.data, what)
}

function misfit(
  code: 'WAYSTONE_NODE_BAD_INPUT' | 'WAYSTONE_NODE_BAD_OUTPUT',
  what: string,
  issues: readonly string[],
): Error {
  return nodeError(code, `${what} does not fit its schema: ${issues.join('; ')}`, { details: { issues } })
}

/** True when the patch says all that the output says. */
function isPatchItself(record: ToolNodeRecord, output: Json): boolean {
  if (output === null) return true
  return (
    typeof output === 'object' &&
    !Array.isArray(output) &&
    Object.keys(output).every((key) => record.writes.includes(key))
  )
}
