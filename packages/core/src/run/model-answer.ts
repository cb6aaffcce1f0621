import { own } from '../base/own.ts'
import { takeJson, type Json } from '../base/json.ts'
import type { ModelToolCall } from '../define/model.ts'
import { refuseCalls } from '../compile/tool-rules.ts'
import { describeThrown } from '../errors/describe-thrown.ts'
import { nodeError } from '../errors/node-error.ts'
import { WaystoneError } from '../errors/waystone-error.ts'
import type { AgentRecord } from '../graph/graph.ts'
import type { AgentFunctions } from '../graph/registry.ts'
import { callApprovalOf } from '../graph/tool-use.ts'
import type { RefusedCall } from '../snapshot/refusal.ts'
import { nodeInputOf, type EffectJob, type Ended } from './effect-job.ts'
import { parseVerdict } from './execute-gate.ts'
import { toolFunctions } from './execute-tool.ts'
import { issueLines } from './issues.ts'
import type { CheckedResponse } from './model-response.ts'
import { parsePatch, pickPatch } from './parse-patch.ts'
import { readHandoffs } from './read-handoff.ts'
import { endedWith } from './patch-end.ts'
import { offeredTools, type AskingNode } from './render-request.ts'

/**
 * Reads what a model answered: calls to run, an answer that fits, or what is wrong with it.
 *
 * @throws {NodeError} WAYSTONE_NODE_MODEL_REFUSED, _CUT, _FILTERED; whatever the author's `apply` throws
 */
export function readAnswer(job: EffectJob, node: AskingNode, response: CheckedResponse): Ended {
  refuseUnfinished(response)
  const { message } = response
  const { record, functions } = node
  if (record.kind === 'gate') return { message, ...readVerdict(node, message) }
  if (message.calls.length > 0)
    return { outcome: 'done', message, ...readCalls(job, { ...node, record, calls: message.calls }) }
  return {
    message,
    ...readOutput(job, record, { functions: functions as AgentFunctions, text: textOf(message.content) }),
  }
}

/** @throws {NodeError} WAYSTONE_NODE_MODEL_REFUSED, _CUT, _FILTERED when a response is no whole answer */
export function refuseUnfinished({ message, finish }: Pick<CheckedResponse, 'message' | 'finish'>): void {
  if (finish === 'refusal')
    throw nodeError('WAYSTONE_NODE_MODEL_REFUSED', `the model declined: ${textOf(message.content).slice(0, 500)}`)
  if (finish === 'length')
    throw nodeError('WAYSTONE_NODE_MODEL_CUT', 'the answer was cut at the limit of output tokens', { retryable: true })
  if (finish === 'content-filter')
    throw nodeError('WAYSTONE_NODE_MODEL_FILTERED', 'the answer was withheld by the content filter of the provider')
}

/** The call that hands over, and calls that are not run, each with what the model is told. A call that is not refused has arguments that fit. */
function readCalls(
  job: EffectJob,
  {
    record,
    functions,
    calls,
    withheld,
  }: AskingNode & { readonly record: AgentRecord; readonly calls: readonly ModelToolCall[] },
): Pick<Ended, 'refusedCalls' | 'askedCalls' | 'handoff'> {
  const { handoff, refused: handovers } = readHandoffs(record, functions as AgentFunctions, { calls, withheld })
  const refused: { [callId: string]: RefusedCall } = { ...handovers }
  for (const call of calls) {
    if (call.id === handoff?.callId || own(handovers, call.id) !== undefined) continue
    const refusal = refusalOf(job, record, { call, withheld })
    if (refusal !== undefined) Object.defineProperty(refused, call.id, { value: refusal, enumerable: true })
  }
  const all = refuseCalls(record, own(job.context.private, record.id), { calls, refused, handoff: handoff?.callId })
  const asked = calls.flatMap((call) => (own(all, call.id) === undefined ? readQuestion(job, record, call) : []))
  return {
    ...(handoff !== undefined && { handoff }),
    ...(Object.keys(all).length > 0 && { refusedCalls: all }),
    ...(asked.length > 0 && { askedCalls: Object.fromEntries(asked) }),
  }
}

/** What a rule by arguments says of a call that fits: its id with false, or with why a person is asked. In doubt, one is. */
function readQuestion(
  { compiled }: EffectJob,
  record: AgentRecord,
  { id, name, arguments: given }: ModelToolCall,
): readonly (readonly [callId: string, said: string | false])[] {
  if (callApprovalOf(compiled.graph, record, name)?.when !== 'arguments') return []
  const functions = toolFunctions(compiled, name)
  let said: unknown
  try {
    said = functions.asks?.(functions.input.parse(given))
  } catch (thrown) {
    return [[id, `asked in doubt: approval.when of tool ${name} threw: ${describeThrown(thrown)}`]]
  }
  if (said === false || typeof said === 'string') return [[id, said]]
  if (said === true) return [[id, '']]
  // Nobody waits for it: without this its rejection would end the process.
  if (said instanceof Promise) said.catch(() => undefined)
  const found = said instanceof Promise ? 'a promise' : said === null ? 'null' : typeof said
  return [[id, `asked in doubt: approval.when of tool ${name} gave ${found}; it gives true, false or a text, at once`]]
}

/** What only an executor knows: schemas, and the conditions as they were when the model was asked. */
function refusalOf(
  job: EffectJob,
  record: AgentRecord,
  { call, withheld }: { readonly call: ModelToolCall; readonly withheld: AskingNode['withheld'] },
): RefusedCall | undefined {
  if (!record.tools.includes(call.name)) {
    const offered = offeredTools(record.tools, { withheld })
    const names = offered.length === 0 ? 'none' : offered.join(', ')
    return { rule: 'unknown', message: `there is no tool ${JSON.stringify(call.name)}; the tools are: ${names}` }
  }
  const kept = own(withheld ?? {}, call.name)
  if (kept?.rule === 'when') return { rule: 'when', message: kept.message }
  // The engine says more about the other rules: it knows the order of the calls of this turn.
  if (kept !== undefined) return undefined
  const parsed = toolFunctions(job.compiled, call.name).input.safeParse(call.arguments)
  if (parsed.success) return undefined
  const message = `the arguments do not fit, the tool was not run: ${issueLines(parsed.error).join('; ')}`
  return { rule: 'arguments', message }
}

function readVerdict({ record }: AskingNode, message: CheckedResponse['message']): Ended {
  if (message.calls.length > 0) return misfit(['no tools are offered; answer with the verdict'])
  const json = readJson(textOf(message.content))
  if (json === undefined) return misfit(['the answer is not JSON'])
  try {
    const verdict = parseVerdict(record, withoutNulls(json.value))
    return { outcome: verdict.outcome, verdict }
  } catch (thrown) {
    return misfit([messageOf(thrown)])
  }
}

interface Answer {
  readonly functions: AgentFunctions
  readonly text: string
}

function readOutput(job: EffectJob, record: AgentRecord, { functions, text }: Answer): Ended {
  const output = functions.output === null ? { value: text as Json } : parseOutput(functions, text)
  if ('misfit' in output) return output
  if (functions.apply !== null) {
    const patch = functions.apply(output.value, nodeInputOf(record, job.context))
    return { ...endedWith('done', parsePatch(job.compiled, record, patch)), output: output.value }
  }
  try {
    return endedWith('done', parsePatch(job.compiled, record, pickPatch(job.compiled, record, output.value)))
  } catch (thrown) {
    // Without `apply` the patch is the model's own words, so what does not fit is told to the model.
    return misfit([messageOf(thrown)])
  }
}

function parseOutput(
  { output }: AgentFunctions,
  text: string,
): { readonly value: Json } | (Ended & { readonly misfit: readonly string[] }) {
  const json = readJson(text)
  if (json === undefined) return misfit(['the answer is not JSON'])
  const parsed = output?.safeParse(json.value)
  if (parsed === undefined) return json
  if (!parsed.success) return misfit(issueLines(parsed.error))
  return { value: takeJson(parsed.data, 'answer of a model') }
}

/** JSON that stands alone or in one fenced block. */
function readJson(text: string): { readonly value: Json } | undefined {
  const fenced = /^\s*```(?:json)?\s*\n(?<body>[\s\S]*?)\n?```\s*$/.exec(text)?.groups?.['body']
  try {
    const value: unknown = JSON.parse(fenced ?? text)
    return { value: takeJson(value, 'answer of a model') }
  } catch {
    return undefined
  }
}

/** Models that must name every key say null for what they leave out. */
function withoutNulls(value: Json): Json {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).filter(([, item]) => item !== null)) as Json
}

function misfit(issues: readonly string[]): Ended & { readonly misfit: readonly string[] } {
  return { outcome: 'done', misfit: issues }
}

function messageOf(thrown: unknown): string {
  return WaystoneError.isInstance(thrown) ? thrown.message : String(thrown)
}

/** The texts of an answer. */
export function textOf(content: CheckedResponse['message']['content']): string {
  return content.map((part) => (part.type === 'text' ? part.text : '')).join('')
}
