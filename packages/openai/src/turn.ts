import type { FinishReason, Json, JsonObject, ModelRequest, ModelResponse, ModelUsage } from '@waystone/core'
import { parseArguments } from './json-access.ts'
import type { OutputMode } from './model-options.ts'
import { strictSchemaOf } from './strict-schema.ts'

/** A tool as it goes over the wire. */
export interface WireTool {
  readonly name: string
  readonly description: string
  readonly schema: JsonObject
  readonly isStrict: boolean
}

/** One request in the terms of an output mode, still the same for every API. */
export interface Turn {
  readonly instructions: string
  /** Order: as the node lists them, so that equal prefixes stay equal; the submit tool is last. */
  readonly tools: readonly WireTool[]
  /** The schema that the provider is to enforce; null: none. */
  readonly schema: { readonly name: string; readonly schema: JsonObject; readonly isStrict: boolean } | null
  /** Name of the tool whose arguments are the answer; null: the text is. */
  readonly submit: string | null
  /** Whether the submit tool must be called now. */
  readonly mustSubmit: boolean
}

/** Puts a request into the terms of an output mode. */
export function planTurn(request: ModelRequest, mode: OutputMode): Turn {
  const { instructions, output } = request
  const tools = request.tools.map(({ name, description, inputSchema }) => wireTool(name, description, inputSchema))
  const plain: Turn = { instructions, tools, schema: null, submit: null, mustSubmit: false }
  if (output === null) return plain
  const schema = schemaTerms(output.name, output.schema)
  if (mode === 'submit-tool') {
    const submit = freeName(request)
    const description = 'Hand in the final answer. Its arguments are the answer.'
    return {
      ...plain,
      instructions: joined(instructions, `When you are done, call the tool ${submit} with the final answer.`),
      tools: [...tools, { name: submit, description, schema: schema.schema, isStrict: schema.isStrict }],
      submit,
      mustSubmit: tools.length === 0 || request.isRepair === true,
    }
  }
  if (mode === 'schema-each-turn' || tools.length === 0) return { ...plain, schema }
  const told = `The final answer is JSON alone, that fits this JSON schema:\n${JSON.stringify(output.schema)}`
  const instructed = { ...plain, instructions: joined(instructions, told) }
  return request.isRepair === true ? { ...instructed, tools: [], schema } : instructed
}

function wireTool(name: string, description: string, inputSchema: JsonObject): WireTool {
  const strict = strictSchemaOf(inputSchema)
  return { name, description, schema: strict ?? inputSchema, isStrict: strict !== null }
}

function schemaTerms(name: string, schema: JsonObject): NonNullable<Turn['schema']> {
  const strict = strictSchemaOf(schema)
  return { name: name.replaceAll(/[^\w-]/g, '_').slice(0, 64), schema: strict ?? schema, isStrict: strict !== null }
}

function freeName({ tools }: ModelRequest): string {
  let name = 'submit_answer'
  while (tools.some((tool) => tool.name === name)) name += '_'
  return name
}

function joined(instructions: string, more: string): string {
  return instructions === '' ? more : `${instructions}\n\n${more}`
}

/** What a provider answered, still as it was written. */
export interface WireAnswer {
  readonly text: string
  /** What the model said when it declined; null when it did not. */
  readonly refusal: string | null
  readonly calls: readonly { readonly id: string; readonly name: string; readonly argumentsText: string }[]
  readonly cut: 'length' | 'content-filter' | null
  readonly providerItems: readonly Json[]
  readonly usage: ModelUsage | null
  readonly model: string
  readonly responseId: string | undefined
}

/** What was answered, in the terms of the port: a submitted answer is text, and a submission beside other calls is not taken. */
export function responseOf(turn: Turn, answer: WireAnswer): ModelResponse {
  const submitted = answer.calls.find(({ name }) => name === turn.submit)
  const calls = answer.calls.filter(({ name }) => name !== turn.submit)
  const said = answer.refusal ?? (submitted !== undefined && calls.length === 0 ? submitted.argumentsText : answer.text)
  return {
    message: {
      role: 'assistant',
      content: said === '' ? [] : [{ type: 'text', text: said }],
      calls: calls.map(({ id, name, argumentsText }) => ({ id, name, arguments: parseArguments(argumentsText) })),
      ...(answer.providerItems.length > 0 && { providerItems: answer.providerItems }),
    },
    finish: finishOf(answer, calls.length > 0),
    usage: answer.usage,
    model: answer.model,
    ...(answer.responseId !== undefined && { responseId: answer.responseId }),
  }
}

function finishOf({ refusal, cut }: WireAnswer, hasCalls: boolean): FinishReason {
  if (cut !== null) return cut
  if (refusal !== null) return 'refusal'
  return hasCalls ? 'tool-calls' : 'stop'
}
