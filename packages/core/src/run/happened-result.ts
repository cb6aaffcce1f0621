import { exampleOfSchema } from '../base/example-of-schema.ts'
import { takeJson, type Json, type JsonObject } from '../base/json.ts'
import { own } from '../base/own.ts'
import { certainWrites } from '../check/certain-writes.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import { inputError } from '../errors/input-error.ts'
import { WaystoneError } from '../errors/waystone-error.ts'
import type { NodeRecord } from '../graph/graph.ts'
import type { PersonDecision } from '../snapshot/event.ts'
import type { OpenStep, RunContext } from '../snapshot/snapshot.ts'
import { nodeInputOf } from './effect-job.ts'
import { isWanted } from './execute-map.ts'
import { toolFunctions } from './execute-tool.ts'
import { issueLines } from './issues.ts'
import { parsePatch, pickPatch } from './parse-patch.ts'
import type { DecisionInput, Request } from './runtime.ts'

/** An effect that nobody knows about. */
export interface UnknownEffect {
  readonly compiled: CompiledWorkflow
  readonly context: RunContext
  readonly record: NodeRecord
  readonly open: OpenStep
}

/** What a person's answer says came of an effect. */
export type HappenedResult = Pick<PersonDecision, 'patch' | 'result' | 'isWanted'>

/** Outcomes that say that nothing came of it. */
const withoutResult: ReadonlySet<string> = new Set(['did-not-happen', 'failed'])

/** The result that a request about an effect takes; null: none. */
export function askedResult(effect: UnknownEffect, offered: readonly string[]): Request['result'] {
  const { compiled, record, open } = effect
  if (open.kind !== 'resolve' || open.undoes !== undefined) return null
  const tool = toolOf(effect)
  const schema =
    tool === undefined ? patchSchema(effect, offered) : (own(compiled.graph.tools, tool)?.outputSchema ?? {})
  const outcomes = offered.filter((outcome) => needsResult(effect, outcome))
  const isTaken = outcomes.length > 0 || tool !== undefined || record.kind === 'map' || record.writes.length > 0
  return isTaken ? { schema, example: exampleOfSchema(schema), neededFor: outcomes } : null
}

/**
 * What came of an effect that a person says has happened, parsed as its end would have been.
 *
 * @throws {InputError} WAYSTONE_INPUT_DECISION: it is missing where the step's end needs it, is not taken, or does not fit
 */
export function parseResult(effect: UnknownEffect, { outcome, result }: DecisionInput): HappenedResult {
  const { compiled, record, open } = effect
  if (result === undefined) {
    if (needsResult(effect, outcome)) throw badDecision(lacking(effect, outcome))
    return outcome === 'happened' && givesNothing(effect) ? toolResult(effect, null) : {}
  }
  if (withoutResult.has(outcome))
    throw badDecision(`a result was given with outcome ${JSON.stringify(outcome)}; only what happened has one`)
  if (open.undoes !== undefined) throw badDecision('a result was given; what undoes something gives nothing')
  const given = takeJson(result, 'result of a decision')
  if (record.kind === 'map') return parseItemResult(effect, given)
  const tool = toolOf(effect)
  if (tool === undefined) return parseTaskResult(effect, outcome, given)
  return toolResult(effect, parseToolResult(compiled, tool, given))
}

function toolResult(effect: UnknownEffect, output: Json): HappenedResult {
  if (effect.open.unknown === 'call') return { result: output }
  return { patch: patchOf(effect, output), result: output }
}

/** A tool that never gives anything: that it happened is all there is to know. */
function givesNothing(effect: UnknownEffect): boolean {
  const { compiled, record, open } = effect
  const tool = record.kind === 'map' || open.undoes !== undefined ? undefined : toolOf(effect)
  return tool !== undefined && own(compiled.graph.tools, tool)?.outputSchema['type'] === 'null'
}

/** Why a decision is not taken. */
export function badDecision(why: string, cause?: unknown): Error {
  return inputError('WAYSTONE_INPUT_DECISION', `the decision cannot be taken: ${why}`, {}, cause)
}

/** A person's keys as a patch of the node. @throws {InputError} WAYSTONE_INPUT_DECISION */
export function parseKeys(
  { compiled, record }: Pick<UnknownEffect, 'compiled' | 'record'>,
  patch: unknown,
): JsonObject {
  try {
    return parsePatch(compiled, record, patch).patch
  } catch (thrown) {
    throw badDecision(WaystoneError.isInstance(thrown) ? thrown.message : String(thrown), thrown)
  }
}

function toolOf({ record, open }: UnknownEffect): string | undefined {
  return open.tool ?? (record.kind === 'tool' ? record.tool : undefined)
}

/** Whether the run cannot go on from this outcome without knowing what came of it. */
function needsResult(effect: UnknownEffect, outcome: string): boolean {
  const { record, open } = effect
  if (withoutResult.has(outcome) || open.undoes !== undefined) return false
  if (record.kind === 'map') return true
  if (givesNothing(effect)) return false
  // An optional key may be absent: a person who does not know it need not make it up.
  return open.unknown === 'call' || writesOf(effect, outcome).length > 0
}

/** The keys that the node is sure to write, which later nodes rely on. */
function writesOf({ compiled, record }: UnknownEffect, outcome: string): readonly string[] {
  return [...certainWrites(compiled.graph, record, outcome === 'happened' ? 'done' : outcome)]
}

function patchSchema(effect: UnknownEffect, offered: readonly string[]): JsonObject {
  const { compiled, record } = effect
  if (record.kind === 'map') return {}
  const properties = Object.fromEntries(
    record.writes.map((key): [string, Json] => [key, own(compiled.graph.state, key)?.schema ?? {}]),
  )
  const outcome = offered.find((one) => !withoutResult.has(one)) ?? 'happened'
  const required = writesOf(effect, outcome)
  return { type: 'object', properties, ...(required.length > 0 && { required }), additionalProperties: false }
}

function lacking(effect: UnknownEffect, outcome: string): string {
  const { record, open } = effect
  const { schema, example } = askedResult(effect, [outcome]) ?? { schema: {}, example: null }
  const tool = toolOf(effect)
  const what =
    tool !== undefined
      ? `what tool ${tool} gave`
      : record.kind === 'map'
        ? `what item ${open.item ?? 0} of ${record.id} gave, which the map goes on with`
        : `the keys that ${record.id} wrote`
  const shape =
    Object.keys(schema).length === 0
      ? 'it may be any JSON'
      : `it fits ${JSON.stringify({ ...schema, $schema: undefined })}`
  return `outcome ${JSON.stringify(outcome)} needs \`result\`: ${what}; ${shape}, for example ${JSON.stringify(example)}`
}

/** What a task is said to have written: all that later nodes rely on. */
function parseTaskResult(effect: UnknownEffect, outcome: string, given: Json): HappenedResult {
  const patch = parseKeys(effect, given)
  const missing = writesOf(effect, outcome).filter((key) => !Object.hasOwn(patch, key))
  if (missing.length > 0) throw badDecision(`the result lacks ${missing.join(', ')}: ${lacking(effect, outcome)}`)
  return { patch }
}

/** What a tool node makes of an output. */
function patchOf(effect: UnknownEffect, output: Json): JsonObject {
  const { compiled, record, context } = effect
  const functions = compiled.registry.nodes.get(record.id)
  const apply = functions?.kind === 'tool' ? functions.apply : null
  if (apply === null) return parseKeys(effect, pickPatch(compiled, record, output))
  let patch: unknown
  try {
    patch = apply(output, nodeInputOf(record, context))
  } catch (thrown) {
    const why = thrown instanceof Error ? thrown.message : String(thrown)
    throw badDecision(`\`apply\` of ${record.id} made nothing of the result: ${why}`, thrown)
  }
  return parseKeys(effect, patch)
}

/** What an item of a map gave, which its map goes on with. */
function parseItemResult({ compiled, context, open, record }: UnknownEffect, given: Json): HappenedResult {
  const { tool, item = 0 } = open
  const output = tool === undefined ? given : parseToolResult(compiled, tool, given)
  const functions = compiled.registry.nodes.get(record.id)
  const value = own(context.maps ?? {}, record.id)?.items[item]
  const wanted = functions?.kind === 'map' && value !== undefined && isWanted(functions, value, output)
  return { result: output, ...(wanted && { isWanted: true }) }
}

function parseToolResult(compiled: CompiledWorkflow, tool: string, given: Json): Json {
  const parsed = toolFunctions(compiled, tool).output.safeParse(given)
  if (parsed.success) return takeJson(parsed.data === undefined ? null : parsed.data, 'result of a decision')
  throw badDecision(`the result does not fit the output of tool ${tool}: ${issueLines(parsed.error).join('; ')}`)
}
