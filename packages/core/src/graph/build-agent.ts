import { z } from 'zod'
import type { JsonObject } from '../base/json.ts'
import { agentMarker, type AgentDefinition } from '../define/agent.ts'
import { nodeError } from '../errors/node-error.ts'
import { optionOf, readLimits } from './build-limits.ts'
import { buildBase, effectKeys } from './build-base.ts'
import { fallbackKeys, readFallbacks } from './build-fallbacks.ts'
import { readHandoffs } from './build-handoffs.ts'
import { readHistory } from './build-history.ts'
import { checkMapping } from './build-mapping.ts'
import type { BuiltNode, NodeSite } from './build-scope.ts'
import { agentTool, buildToolRules, type AgentTool } from './build-tool-rules.ts'
import { readSchema } from './build-tools.ts'
import { agentLimitNames, type AgentRecord } from './graph.ts'
import { describeValue } from './issues.ts'
import {
  checkKeys,
  readChoice,
  readCount,
  readFunction,
  readObject,
  readStateKeys,
  readText,
  refuseValue,
  within,
  type AuthorFunction,
  type Written,
} from './read-config.ts'
import type { AgentFunctions, NodeInput } from './registry.ts'
import { definitionOf, modelSchemaOf } from './zod-json.ts'

const boundKeys = [
  'maxModelCalls',
  'maxCallsPerTurn',
  'maxParallelCalls',
  'limits',
  'maxOutputTokens',
  'maxInputTokens',
  'repairs',
  'memory',
  'history',
] as const
const nodeOnlyKeys = [...effectKeys, 'writes', 'apply', 'toolRules', 'handoffs', ...boundKeys] as const
const agentKeys = ['model', ...fallbackKeys, 'instructions', 'prompt', 'tools', 'output'] as const

/** Reads an agent, written inside the workflow or defined apart from it. */
export function buildAgent(site: NodeSite): BuiltNode {
  const { definition } = site
  if (definition.subject === null) {
    checkKeys(site.written, [...nodeOnlyKeys, ...agentKeys])
    return assemble(site, { written: site.written, apart: null, promptOf: readPrompt })
  }
  const subject = agentDefinitionOf(definition.subject)
  if (subject === undefined) {
    site.scope.issues.add('WAYSTONE_DEFINITION_BAD_NODE', site.written.place, {
      message: `${site.written.subject}: found ${describeValue(definition.subject)} where an agent is expected`,
      hint: 'Make agents with defineAgent({ model, instructions, input, output }).',
    })
    return undefined
  }
  checkKeys(site.written, [...nodeOnlyKeys, 'input'])
  const apart: Written = { ...site.written, config: subject.config }
  checkKeys(apart, [...agentKeys, ...boundKeys, 'toolRules', 'input'])
  const merged = { ...subject.config, ...site.written.config, prompt: subject.config['prompt'] }
  const written: Written = { ...site.written, config: merged }
  return assemble(site, { written, apart, promptOf: () => mappedPrompt(site, subject) })
}

/** The definition inside an agent that was defined apart; undefined: it is none. */
export function agentDefinitionOf(value: unknown): AgentDefinition | undefined {
  if (typeof value !== 'object' || value === null || !(agentMarker in value)) return undefined
  return value[agentMarker] as AgentDefinition
}

type Prompt = AgentFunctions['prompt']

interface AgentParts {
  /** The options that count: those of the node over those of the agent. */
  readonly written: Written
  /** Those of an agent defined apart. */
  readonly apart: Written | null
  readonly promptOf: (written: Written) => Prompt
}

function assemble(site: NodeSite, { written, apart, promptOf }: AgentParts): BuiltNode {
  const { scope } = site
  const writes = readStateKeys(written, 'writes', scope.stateKeys)
  const tools = readTools(site, written)
  const { rules: toolRules, alternates } = buildToolRules(site, { tools, written: site.written, apart })
  const output = outputOf(site, written, writes)
  const apply = readFunction(written, 'apply')
  if (output.json !== null && apply === null)
    checkMapping(site, { direction: 'apply', schema: output.json, keys: writes })
  if (output.json === null && apply === null && writes.length > 0 && output.isText) {
    refuseValue(written, 'apply', 'a function, because the output is plain text')
  }
  const instructions = readInstructions(written)
  const model = readText(written, 'model')
  const bounds = readBounds(written)
  const history = readHistory(written, { ...bounds, model })
  const handoffs = readHandoffs(
    site.written,
    tools.map(({ name }) => name),
  )
  const base = buildBase(
    { ...site, written },
    {
      effect: 'idempotent',
      writes,
      outcomes: ['done', ...Object.keys(handoffs?.records ?? {})],
      mayBeUnknown: [...tools, ...alternates].some(
        ({ name, effect }) => (toolRules?.[name]?.effect ?? effect) === 'unsafe',
      ),
    },
  )
  const limits = readAgentLimits(written)
  const record: AgentRecord = {
    ...base,
    ...(limits !== undefined && { outcomes: [...base.outcomes, 'exhausted'], limits }),
    kind: 'agent',
    model,
    ...readFallbacks(written),
    instructions: instructions.text,
    tools: tools.map(({ name }) => name),
    ...(toolRules !== undefined && { toolRules }),
    ...bounds,
    outputSchema: output.json,
    ...(history !== undefined && { history }),
    ...(handoffs !== undefined && { handoffs: handoffs.records }),
  }
  const functions: AgentFunctions = {
    kind: 'agent',
    instructions: instructions.make,
    prompt: promptOf(written),
    output: output.schema,
    apply: apply === null ? null : (given, input) => apply(given, input),
    ...(handoffs !== undefined && { contracts: handoffs.contracts }),
  }
  return { record, functions }
}

function readAgentLimits(written: Written): AgentRecord['limits'] {
  const config = readObject(written, 'limits')
  if (config === undefined) return undefined
  const limits: Written = { ...written, config, place: within(written.place, 'limits') }
  checkKeys(
    limits,
    agentLimitNames.map((name) => optionOf(name)),
  )
  const bounds = readLimits(limits, agentLimitNames)
  return Object.keys(bounds).length === 0 ? undefined : bounds
}

function readBounds(
  written: Written,
): Pick<
  AgentRecord,
  'maxModelCalls' | 'maxCallsPerTurn' | 'maxParallelCalls' | 'maxInputTokens' | 'maxOutputTokens' | 'repairs' | 'memory'
> {
  return {
    maxModelCalls: readCount(written, 'maxModelCalls', { least: 1, fallback: 8 }),
    maxCallsPerTurn: readCount(written, 'maxCallsPerTurn', { least: 1, fallback: 8 }),
    ...(written.config['maxParallelCalls'] !== undefined && {
      maxParallelCalls: readCount(written, 'maxParallelCalls', { least: 1, fallback: 1 }),
    }),
    maxInputTokens: readTokens(written, 'maxInputTokens'),
    maxOutputTokens: readTokens(written, 'maxOutputTokens'),
    repairs: readCount(written, 'repairs', { least: 0, fallback: 1 }),
    memory: readChoice(written, 'memory', ['fresh', 'continue']) ?? 'fresh',
  }
}

/** A number of tokens, 1 or more; null when it is not given. */
export function readTokens(written: Written, key: string): number | null {
  return written.config[key] === undefined ? null : readCount(written, key, { least: 1, fallback: 1 })
}

/** Instructions: a text, or a function that makes it. */
export function readInstructions(written: Written): {
  readonly text: string | null
  readonly make: ((input: NodeInput) => string) | null
} {
  const value = written.config['instructions']
  if (typeof value === 'string') return { text: value, make: null }
  if (typeof value !== 'function') {
    refuseValue(written, 'instructions', 'text, or a function that gives text')
    return { text: '', make: null }
  }
  const make = value as AuthorFunction
  return { text: null, make: (input) => String(make(input)) }
}

function readPrompt(written: Written): Prompt {
  const prompt = readFunction(written, 'prompt')
  return prompt === null ? null : (input) => String(prompt(input))
}

/** The prompt of an agent defined apart: from its input, which the node maps from the state. */
function mappedPrompt(site: NodeSite, { config }: AgentDefinition): Prompt {
  const written: Written = { ...site.written, config }
  const input = readSchema(written, 'input')
  const prompt = readFunction(written, 'prompt')
  const map = readFunction(site.written, 'input')
  if (input === undefined) return null
  if (map === null)
    checkMapping(site, {
      direction: 'input',
      schema: input.json,
      keys: readStateKeys({ ...site.written, issues: silent }, 'reads', site.scope.stateKeys),
    })
  return (given) => {
    const parsed = input.schema.safeParse(map === null ? given.state : map(given))
    if (!parsed.success) {
      throw nodeError(
        'WAYSTONE_NODE_BAD_INPUT',
        `input of the agent of node ${JSON.stringify(site.id)} does not fit its schema: ${z.prettifyError(parsed.error)}`,
      )
    }
    return prompt === null ? JSON.stringify(parsed.data) : String(prompt(parsed.data))
  }
}

/** The same names are read once more for the record, which reports what is wrong with them. */
const silent: Written['issues'] = { add: () => undefined, throwIfAny: () => undefined }

function readTools({ scope }: NodeSite, written: Written): readonly AgentTool[] {
  const value = written.config['tools'] ?? []
  if (!Array.isArray(value)) {
    refuseValue(written, 'tools', 'a list of tools')
    return []
  }
  const place = within(written.place, 'tools')
  const tools = new Map<string, AgentTool>()
  for (const tool of value as readonly unknown[]) {
    const known = agentTool(scope, tool, { ...written, place })
    if (known !== undefined) tools.set(known.name, known)
  }
  return [...tools.values()]
}

interface AgentOutput {
  /** Null: text, or nothing to write. */
  readonly schema: z.ZodType | null
  readonly json: JsonObject | null
  readonly isText: boolean
}

function outputOf({ scope }: NodeSite, written: Written, writes: readonly string[]): AgentOutput {
  if (written.config['output'] === undefined) return builtOutput(scope.built, writes)
  const output = readSchema(written, 'output')
  if (output === undefined) return { schema: null, json: null, isText: false }
  const { type, checks } = definitionOf(output.schema)
  const isText = type === 'string' && (!Array.isArray(checks) || checks.length === 0)
  return isText
    ? { schema: null, json: null, isText }
    : { ...output, json: modelSchemaOf(output.schema) ?? output.json, isText }
}

/** Without an output schema the answer holds the keys that the node writes; null leaves an optional one as it is, since models must name every key. */
function builtOutput(state: NodeSite['scope']['built'], writes: readonly string[]): AgentOutput {
  const shape: { [key: string]: z.ZodType } = {}
  for (const key of writes) {
    const schema = state.patchSchemas.get(key)
    if (schema !== undefined) shape[key] = state.records[key]?.optional === true ? schema.nullable() : schema
  }
  if (Object.keys(shape).length === 0) return { schema: null, json: null, isText: false }
  const schema = z.object(shape)
  return { schema, json: modelSchemaOf(schema) ?? {}, isText: false }
}
