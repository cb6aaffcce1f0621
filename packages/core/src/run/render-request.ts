import { own } from '../base/own.ts'
import type { Json } from '../base/json.ts'
import type { ContentPart, ModelMessage, ModelRequest, ModelTool } from '../define/model.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import { cachedResult } from '../compile/pure-cache.ts'
import { modelTermsOf } from '../graph/asked-models.ts'
import type { AgentRecord, GateRecord, Graph, NodeRecord } from '../graph/graph.ts'
import { handoffInputSchema, handoffOf, handoffOfTool, handoffsOf, handoffTool } from '../graph/handoff.ts'
import type { AgentFunctions, GateFunctions, NodeInput } from '../graph/registry.ts'
import type { EffectEnd } from '../snapshot/event.ts'
import type { AgentCall, AgentEntry, RunContext, ToldPart } from '../snapshot/snapshot.ts'
import { nodeInputOf } from './effect-job.ts'
import { renderHandoff } from './render-handoff.ts'
import { renderSummary } from './render-summary.ts'

/** A node that asks a model, with its functions. */
export interface AskingNode {
  readonly record: AgentRecord | GateRecord
  readonly functions: AgentFunctions | GateFunctions
  /** Tools it is not offered at this call, by name. */
  readonly withheld?: EffectEnd['withheld'] | undefined
}

/**
 * Renders the request of a model call from the snapshot alone: instructions, what the agent is given, its private entries.
 *
 * What came from state, tools and gates is told as JSON in user and tool messages, never as instructions. A provider's own items
 * (reasoning, signatures) are left out of answers that another of the node's models gave.
 */
export function renderRequest(compiled: CompiledWorkflow, context: RunContext, node: AskingNode): ModelRequest {
  const { graph } = compiled
  const { record, functions } = node
  const now = nodeInputOf(record, context)
  const terms = modelTermsOf(record)
  const schema = terms?.outputSchema ?? null
  const entries = withCachedResults(context, context.private[record.id]?.entries ?? [])
  const last = entries.at(-1)
  return {
    instructions: functions.instructions === null ? (terms?.instructions ?? '') : functions.instructions(now),
    messages: renderMessages(
      { compiled, context, functions },
      now,
      withoutForeignItems(entries, context.private[record.id]?.model ?? 0),
    ),
    tools: offeredTools([...(record.kind === 'agent' ? record.tools : []), ...handoffTools(record)], node).flatMap(
      (name) => renderTool(graph, record, name),
    ),
    output: schema === null ? null : { name: record.id, schema },
    maxOutputTokens: terms?.maxOutputTokens ?? null,
    ...(last !== undefined && 'type' in last && last.type === 'repair' && { isRepair: true }),
  }
}

/** The tools that a node's model is offered at this call. */
export function offeredTools(tools: readonly string[], { withheld }: Pick<AskingNode, 'withheld'>): readonly string[] {
  return withheld === undefined ? tools : tools.filter((name) => own(withheld, name) === undefined)
}

function handoffTools(record: NodeRecord): readonly string[] {
  return Object.keys(handoffsOf(record)).map((handoff) => handoffTool(handoff))
}

function renderTool(graph: Graph, record: NodeRecord, name: string): readonly ModelTool[] {
  const handoff = handoffOf(record, handoffOfTool(name) ?? '')
  if (handoff !== undefined) {
    const description = `${handoff.description}\nThis hands over to ${handoffOfTool(name) ?? ''} and ends your own work.`
    return [{ name, description, inputSchema: handoffInputSchema(handoff) }]
  }
  const tool = graph.tools[name]
  return tool === undefined ? [] : [{ name, description: tool.description, inputSchema: tool.inputSchema }]
}

/** A model cannot read the reasoning of another. @param asked - 0: the node's own model, from 1: its fallbacks */
function withoutForeignItems(entries: readonly AgentEntry[], asked: number): readonly AgentEntry[] {
  let model = 0
  return entries.map((entry): AgentEntry => {
    if ('type' in entry && entry.type === 'model') model = entry.model
    if (!('role' in entry) || model === asked || entry.providerItems === undefined) return entry
    const { providerItems: _, ...own } = entry
    return own
  })
}

/** Entries with the results that stand once in the run, not in each conversation. */
export function withCachedResults(context: RunContext, entries: readonly AgentEntry[]): readonly AgentEntry[] {
  if (context.cached === undefined) return entries
  return entries.map((entry) => {
    if (!('type' in entry) || entry.type !== 'results' || !entry.calls.some(({ cached }) => cached !== undefined))
      return entry
    const calls = entry.calls.map((call) => {
      const known = cachedResult(context, call.cached)
      return known === undefined ? call : { ...call, result: known.result }
    })
    return { ...entry, calls }
  })
}

/** What rendering needs beside the entries: how the node tells its input, and how others tell theirs. */
export interface RenderScope {
  readonly compiled: CompiledWorkflow
  readonly context: RunContext
  readonly functions: AskingNode['functions']
}

/** Entries as a model is told them, the node's input first when it does not stand among them. */
export function renderMessages(
  scope: RenderScope,
  now: NodeInput,
  entries: readonly AgentEntry[],
): readonly ModelMessage[] {
  const given = entries.some((entry) => 'type' in entry && entry.type === 'input')
    ? []
    : [renderInput(scope.functions, now)]
  return [...given, ...renderEntries(scope, entries)]
}

function renderEntries(scope: RenderScope, entries: readonly AgentEntry[]): readonly ModelMessage[] {
  const { functions } = scope
  const messages: ModelMessage[] = []
  for (const [index, entry] of entries.entries()) {
    if ('role' in entry) {
      messages.push(entry)
      const next = entries[index + 1]
      const isAnswered = next !== undefined && 'type' in next && next.type === 'results'
      if (!isAnswered)
        messages.push(
          ...entry.calls.map((call) =>
            toolMessage({ callId: call.id, tool: call.name, result: 'not run', isError: true }),
          ),
        )
    } else if (entry.type === 'input') messages.push(renderInput(functions, { state: entry.state, heard: entry.heard }))
    else if (entry.type === 'results') messages.push(...entry.calls.map((call) => toolMessage(call)))
    else if (entry.type === 'handoff')
      messages.push(userMessage([renderHandoff(scope.compiled.graph, entry, (part) => renderPart(scope, part))]))
    else if (entry.type === 'summary') messages.push(userMessage([renderSummary(entry)]))
    else if (entry.type === 'repair') messages.push(userMessage([renderRepair(entry.issues)]))
  }
  return messages
}

/** What another agent was given and said, as its own functions tell it. */
function renderPart(scope: RenderScope, { node, input, entries }: ToldPart): readonly ModelMessage[] {
  const functions = scope.compiled.registry.nodes.get(node)
  if (functions?.kind !== 'agent') return []
  const given = input === undefined ? [] : [renderInput(functions, input)]
  const all = withCachedResults(scope.context, entries)
  return [...given, ...renderEntries({ ...scope, functions }, all)]
}

function renderInput({ prompt }: AskingNode['functions'], input: NodeInput): ModelMessage {
  if (prompt !== null) return userMessage([prompt(input)])
  const texts = [JSON.stringify(input.state)]
  if (Object.keys(input.heard).length > 0) texts.push(`Verdicts on the work so far:\n${JSON.stringify(input.heard)}`)
  return userMessage(texts)
}

function renderRepair(issues: readonly string[]): string {
  return `The answer does not fit what is asked for:\n${issues.map((issue) => `- ${issue}`).join('\n')}\nAnswer again, in full.`
}

function userMessage(texts: readonly string[]): ModelMessage {
  return { role: 'user', content: texts.map((text): ContentPart => ({ type: 'text', text })) }
}

function toolMessage(
  call: Pick<AgentCall, 'callId' | 'tool' | 'result' | 'isError' | 'arguments' | 'editReason' | 'isDegraded'>,
): ModelMessage {
  const { callId, tool, result = null, isError = false, isDegraded = false } = call
  const plain: Json = isError ? { error: result } : isDegraded ? { degraded: true, result } : result
  return {
    role: 'tool',
    callId,
    name: tool,
    content: [{ type: 'text', text: JSON.stringify(toldOf(call, plain)) }],
    isError,
  }
}

/** A model that is not told that its arguments were changed would take the result for an answer to its own. */
function toldOf({ arguments: given, editReason }: Pick<AgentCall, 'arguments' | 'editReason'>, result: Json): Json {
  if (given === undefined) return result
  const note = 'a person changed the arguments; the call was run with these'
  return { note, arguments: given, ...(editReason !== undefined && { reason: editReason }), result }
}
