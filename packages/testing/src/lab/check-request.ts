import type { Json, JsonObject } from '@waystone/core'
import type { LabError } from './answer.ts'
import { isObject, listOf, objectOf, textOf } from './json-access.ts'
import { inputItems, type LabApi } from './lab-request.ts'

/** By the id of an item: the id of the reasoning item that it was given right after. */
export type ReasoningPairs = ReadonlyMap<string, string>

/**
 * What OpenAI refuses about a request, as it words it; null when it would take it.
 *
 * Checked: model and input are there, names of tools, calls and their results belong together, reasoning items go with what
 * followed them, strict schemas are closed and require all they have.
 *
 * @param pairs - what the lab itself gave after a reasoning item
 */
export function checkRequest(api: LabApi, body: JsonObject, pairs: ReasoningPairs): LabError | null {
  const complaint =
    api === 'chat'
      ? (missing(body, 'messages') ?? checkTools(body, 'chat') ?? checkChatMessages(listOf(body['messages'])))
      : (missing(body, 'input') ?? checkTools(body, 'responses') ?? checkItems(body, pairs))
  return complaint ?? checkOutput(api, body)
}

function refused(message: string, param: string | null = null, code: string | null = null): LabError {
  return { status: 400, type: 'invalid_request_error', message, param, code }
}

function missing(body: JsonObject, content: string): LabError | null {
  const absent = ['model', content].find((name) => body[name] === undefined || body[name] === '')
  return absent === undefined
    ? null
    : refused(`Missing required parameter: '${absent}'.`, absent, 'missing_required_parameter')
}

function checkTools(body: JsonObject, api: LabApi): LabError | null {
  for (const [index, value] of listOf(body['tools']).entries()) {
    const tool = objectOf(value)
    if (tool['type'] !== 'function') continue
    const definition = api === 'chat' ? objectOf(tool['function']) : tool
    const param = api === 'chat' ? `tools[${index}].function` : `tools[${index}]`
    const name = textOf(definition['name']) ?? ''
    if (!/^[a-zA-Z0-9_-]{1,128}$/.test(name)) {
      const message = `Invalid '${param}.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`
      return refused(message, `${param}.name`, 'invalid_value')
    }
    const problem = definition['strict'] === true ? checkStrict(objectOf(definition['parameters'])) : null
    if (problem !== null) {
      return refused(
        `Invalid schema for function '${name}': ${problem}`,
        `${param}.parameters`,
        'invalid_function_parameters',
      )
    }
  }
  return null
}

function checkOutput(api: LabApi, body: JsonObject): LabError | null {
  const outer = objectOf(api === 'chat' ? body['response_format'] : objectOf(body['text'])['format'])
  if (outer['type'] !== 'json_schema') return null
  const format = api === 'chat' ? objectOf(outer['json_schema']) : outer
  const param = api === 'chat' ? 'response_format' : 'text.format.schema'
  const schema = objectOf(format['schema'])
  const isObjectSchema = schema['type'] === 'object'
  const problem = isObjectSchema
    ? format['strict'] === true
      ? checkStrict(schema)
      : null
    : `schema must be a JSON Schema of 'type: "object"', got 'type: "${textOf(schema['type']) ?? 'None'}"'.`
  if (problem === null) return null
  return refused(
    `Invalid schema for response_format '${textOf(format['name']) ?? ''}': ${problem}`,
    param,
    'invalid_json_schema',
  )
}

/** What a strict schema lacks, with where; null when nothing. */
function checkStrict(schema: JsonObject, path: readonly string[] = []): string | null {
  const context = `In context=(${path.map((part) => `'${part}'`).join(', ')}), `
  const properties = schema['properties']
  if (schema['type'] === 'object' || properties !== undefined) {
    if (schema['additionalProperties'] !== false) {
      return `${context}'additionalProperties' is required to be supplied and to be false.`
    }
    const required = listOf(schema['required'])
    const optional = Object.keys(objectOf(properties)).find((key) => !required.includes(key))
    if (optional !== undefined) {
      return `${context}'required' is required to be supplied and to be an array including every key in properties. Missing '${optional}'.`
    }
  }
  for (const [step, inner] of innerSchemas(schema)) {
    const problem = checkStrict(inner, [...path, ...step])
    if (problem !== null) return problem
  }
  return null
}

function innerSchemas(schema: JsonObject): readonly (readonly [readonly string[], JsonObject])[] {
  const named = ['properties', '$defs', 'definitions'].flatMap((key) =>
    Object.entries(objectOf(schema[key])).map(([name, inner]) => [[key, name], inner] as const),
  )
  const listed = ['anyOf', 'allOf'].flatMap((key) =>
    listOf(schema[key]).map((inner, index) => [[key, String(index)], inner] as const),
  )
  const items = schema['items'] === undefined ? [] : ([[['items'], schema['items']]] as const)
  return [...named, ...listed, ...items].flatMap(([step, inner]) => (isObject(inner) ? [[step, inner] as const] : []))
}

function checkChatMessages(messages: readonly Json[]): LabError | null {
  let open = new Set<string>()
  for (const [index, value] of messages.entries()) {
    const message = objectOf(value)
    if (message['role'] === 'tool') {
      const id = textOf(message['tool_call_id']) ?? ''
      if (!open.delete(id)) {
        const text = `Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.`
        return refused(text, `messages.[${index}].role`)
      }
      continue
    }
    if (open.size > 0) return openCalls(open, `messages.[${index}].role`)
    open = new Set(listOf(message['tool_calls']).map((call) => textOf(objectOf(call)['id']) ?? ''))
  }
  return open.size > 0 ? openCalls(open, `messages.[${messages.length}].role`) : null
}

function openCalls(open: ReadonlySet<string>, param: string): LabError {
  const ids = [...open].join(', ')
  return refused(
    `An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. The following tool_call_ids did not have response messages: ${ids}`,
    param,
  )
}

function checkItems(body: JsonObject, pairs: ReasoningPairs): LabError | null {
  const isContinued = typeof body['previous_response_id'] === 'string'
  const items = inputItems(body).map(objectOf)
  const answered = new Set(items.filter(isOutput).map((item) => item['call_id']))
  const asked = new Set<Json | undefined>()
  for (const item of items) {
    if (item['type'] === 'function_call') {
      asked.add(item['call_id'])
      if (!answered.has(item['call_id'])) {
        return refused(`No tool output found for function call ${textOf(item['call_id']) ?? ''}.`, 'input')
      }
    }
    if (isOutput(item) && !isContinued && !asked.has(item['call_id'])) {
      return refused(
        `No tool call found for function call output with call_id ${textOf(item['call_id']) ?? ''}.`,
        'input',
      )
    }
  }
  return checkReasoning(items, pairs)
}

function isOutput(item: JsonObject): boolean {
  return item['type'] === 'function_call_output'
}

function checkReasoning(items: readonly JsonObject[], pairs: ReasoningPairs): LabError | null {
  for (const [index, item] of items.entries()) {
    const id = textOf(item['id']) ?? ''
    const next = items[index + 1]
    if (item['type'] === 'reasoning' && (next === undefined || !isOfModel(next))) {
      return refused(`Item '${id}' of type 'reasoning' was provided without its required following item.`, 'input')
    }
    const reasoning = pairs.get(id)
    if (reasoning !== undefined && items[index - 1]?.['id'] !== reasoning) {
      const type = textOf(item['type']) ?? 'message'
      const text = `Item '${id}' of type '${type}' was provided without its required 'reasoning' item: '${reasoning}'.`
      return refused(text, 'input')
    }
  }
  return null
}

function isOfModel(item: JsonObject): boolean {
  return !isOutput(item) && (item['role'] === undefined || item['role'] === 'assistant')
}
