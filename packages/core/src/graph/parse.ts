import { z } from 'zod'
import { toJson, type JsonObject } from '../base/json.ts'
import { failureNames } from '../errors/failure-names.ts'
import { storeError } from '../errors/store-error.ts'
import { unknownCompensations } from '../define/compensate.ts'
import { groupOwns } from '../define/group.ts'
import { fallbackReasons } from '../define/fallback.ts'
import {
  agentLimitNames,
  effectClasses,
  excessItems,
  failedBranches,
  losingBranches,
  graphFormat,
  limitNames,
  type Graph,
  type GuardExpression,
} from './graph.ts'

const names = z.array(z.string())
const count = z.int().min(0)
const atLeastOne = z.int().min(1)

const place = z.strictObject({
  path: z.string(),
  file: z.string().optional(),
  line: atLeastOne.optional(),
  column: atLeastOne.optional(),
})

/** A JSON schema: any JSON object. What is in it is for zod, models and people to understand. */
const jsonSchema = z.record(z.string(), z.json()) as z.ZodType<JsonObject>

const merge = z.discriminatedUnion('rule', [
  z.strictObject({ rule: z.enum(['replace', 'merge', 'union', 'max', 'min', 'sum']) }),
  z.strictObject({ rule: z.literal('append'), key: z.string().nullable() }),
  z.strictObject({ rule: z.literal('reducer'), name: z.string(), version: atLeastOne }),
])

const guardExpression: z.ZodType<GuardExpression> = z.lazy(() =>
  z.union([
    z.strictObject({ guard: z.string() }),
    z.strictObject({ failure: z.enum(failureNames) }),
    z.strictObject({ active: z.string() }),
    z.strictObject({ not: guardExpression }),
    z.strictObject({ all: z.array(guardExpression) }),
    z.strictObject({ any: z.array(guardExpression) }),
  ]),
)

const retry = z.strictObject({
  attempts: atLeastOne,
  backoffMs: count,
  factor: z.number().min(1),
  maxBackoffMs: count,
  jitter: z.number().min(0).max(1),
})

const nodeBase = {
  id: z.string(),
  reads: names,
  writes: names,
  outcomes: names,
  effect: z.enum(effectClasses),
  retry,
  timeoutMs: count.nullable(),
  hears: names,
  exclusive: z.string().exactOptional(),
  sees: z.literal('fork').exactOptional(),
  group: z.string().exactOptional(),
  description: z.string(),
  isRedirectable: z.literal(true).exactOptional(),
  place,
}

const memoryUse = z.strictObject({
  scope: z
    .array(z.union([z.strictObject({ name: z.string() }), z.strictObject({ tag: z.string() })]))
    .min(1)
    .max(8),
  access: z.enum(['read', 'write']),
})

const bound = z.strictObject({ max: z.number().min(0), check: z.enum(['before', 'after']) })

const modelTerms = {
  model: z.string(),
  fallbacks: z.array(z.strictObject({ model: z.string() })).exactOptional(),
  fallbackOn: z.array(z.enum(fallbackReasons)).exactOptional(),
  instructions: z.string().nullable(),
  maxModelCalls: atLeastOne,
  maxInputTokens: atLeastOne.nullable(),
  maxOutputTokens: atLeastOne.nullable(),
  repairs: count,
}

const deciders = {
  quorum: z
    .strictObject({ need: z.int().min(2), of: names.nullable(), rejected: z.enum(['one', 'unreachable']) })
    .exactOptional(),
  delegates: z.array(z.strictObject({ person: z.string(), by: names })).exactOptional(),
  escalations: z.array(z.strictObject({ afterMs: count, role: z.string() })).exactOptional(),
}

const callApproval = z.strictObject({
  ...deciders,
  when: z.union([z.enum(['always', 'arguments']), guardExpression]),
  role: z.string().nullable(),
  reason: z.string(),
  expiresInMs: count.nullable(),
  canEdit: z.boolean(),
  canAskBack: z.boolean(),
  remember: z.enum(['never', 'workflow']).exactOptional(),
})

const toolRule = z.strictObject({
  when: guardExpression.exactOptional(),
  after: names.exactOptional(),
  maxCalls: count.exactOptional(),
  effect: z.enum(effectClasses).exactOptional(),
  approval: callApproval.nullable().exactOptional(),
  retry: retry.exactOptional(),
  alternates: names.exactOptional(),
  otherwise: z.json().exactOptional(),
})

const extent = z.union([z.strictObject({ answers: atLeastOne }), z.strictObject({ tokens: atLeastOne })])

const history = z.strictObject({
  over: extent,
  keep: extent,
  summary: z
    .strictObject({
      model: z.string(),
      instructions: z.string().nullable(),
      maxInputTokens: atLeastOne.nullable(),
      maxOutputTokens: atLeastOne.nullable(),
      otherwise: z.enum(['keep', 'forget', 'fail']),
    })
    .nullable(),
})

const handoff = z.strictObject({
  description: z.string(),
  contractSchema: jsonSchema,
  slice: z.union([z.literal(['all', 'summary', 'contract', 'none']), z.strictObject({ last: atLeastOne })]),
  doneWhen: z.string().exactOptional(),
})
const word = z.union([z.strictObject({ stateKey: z.string() }), z.literal('function')])
const compensationBase = { ...nodeBase, whenUnknown: z.enum(unknownCompensations) }

const compensation = z.discriminatedUnion('kind', [
  z.strictObject({ ...compensationBase, kind: z.literal('tool'), tool: z.string() }),
  z.strictObject({ ...compensationBase, kind: z.literal('task') }),
])

const compensable = { compensate: compensation.nullable().exactOptional() }

const node = z.discriminatedUnion('kind', [
  z.strictObject({
    ...nodeBase,
    ...modelTerms,
    kind: z.literal('agent'),
    tools: names,
    toolRules: z.record(z.string(), toolRule).exactOptional(),
    maxCallsPerTurn: atLeastOne,
    maxParallelCalls: atLeastOne.exactOptional(),
    limits: z.partialRecord(z.enum(agentLimitNames), bound).exactOptional(),
    outputSchema: jsonSchema.nullable(),
    memory: z.enum(['fresh', 'continue']),
    history: history.exactOptional(),
    handoffs: z.record(z.string(), handoff).exactOptional(),
  }),
  z.strictObject({ ...nodeBase, ...compensable, kind: z.literal('tool'), tool: z.string() }),
  z.strictObject({
    ...nodeBase,
    kind: z.literal('gate'),
    reviewer: z.strictObject({ ...modelTerms, outputSchema: jsonSchema }).nullable(),
    memory: memoryUse.exactOptional(),
  }),
  z.strictObject({
    ...nodeBase,
    ...deciders,
    kind: z.literal('approval'),
    show: names,
    edits: names,
    role: z.string().nullable(),
    reason: z.string(),
    expiresInMs: count.nullable(),
    canAskBack: z.boolean(),
    responseSchema: jsonSchema.nullable(),
    talk: z.strictObject({ says: z.string(), answer: z.string(), outcome: z.string() }).exactOptional(),
    isAboutCall: z.literal(true).exactOptional(),
  }),
  z.strictObject({ ...nodeBase, ...compensable, kind: z.literal('task'), memory: memoryUse.exactOptional() }),
  z.strictObject({ ...nodeBase, kind: z.literal('workflow'), workflow: z.string() }),
  z.strictObject({
    ...nodeBase,
    kind: z.literal('wait'),
    events: names,
    key: word.nullable(),
    delayMs: count.nullable(),
    until: word.nullable(),
    expiresInMs: count.nullable(),
  }),
  z.strictObject({
    ...nodeBase,
    ...compensable,
    kind: z.literal('map'),
    over: z.string().nullable(),
    tool: z.string().nullable(),
    workflow: z.string().exactOptional(),
    asks: z.enum(['always', 'arguments']).exactOptional(),
    maxItems: atLeastOne,
    excess: z.enum(excessItems),
    concurrency: atLeastOne,
    done: z.union([z.literal(['all', 'first']), atLeastOne]),
    failed: z.enum(failedBranches),
    losers: z.enum(losingBranches),
  }),
  z.strictObject({
    ...nodeBase,
    kind: z.literal('join'),
    atLeast: atLeastOne.nullable(),
    failed: z.enum(failedBranches),
    losers: z.enum(losingBranches),
    deadlineMs: count.nullable(),
  }),
])

const tool = z.strictObject({
  name: z.string(),
  description: z.string(),
  effect: z.enum(effectClasses),
  secrets: names,
  memory: memoryUse.exactOptional(),
  resources: names.exactOptional(),
  version: atLeastOne,
  inputSchema: jsonSchema,
  outputSchema: jsonSchema,
  retry,
  timeoutMs: count.nullable(),
  approval: callApproval.exactOptional(),
  cache: z.literal(false).exactOptional(),
  maxOutputBytes: atLeastOne.exactOptional(),
  compensate: compensation.exactOptional(),
  place,
})

const edge = z.strictObject({
  id: z.string(),
  from: z.string(),
  outcome: z.string(),
  index: count,
  when: guardExpression.nullable(),
  to: z.string(),
  limit: z.strictObject({ max: count, per: z.string().nullable() }).nullable(),
  otherwise: z.string().nullable(),
  fork: z
    .strictObject({ branches: names, join: z.string(), guarded: z.record(z.string(), guardExpression).exactOptional() })
    .optional(),
  cancels: names.exactOptional(),
  emits: z.string().exactOptional(),
  cancelsFork: z.literal(true).optional(),
  isImplicit: z.boolean(),
  isDegraded: z.literal(true).exactOptional(),
  place,
})

const graphSchema: z.ZodType = z.strictObject({
  format: z.literal(graphFormat),
  name: z.string(),
  version: atLeastOne,
  description: z.string(),
  state: z.record(
    z.string(),
    z.strictObject({ schema: jsonSchema, merge, optional: z.boolean(), group: z.string().exactOptional() }),
  ),
  inputSchema: jsonSchema,
  inputKeys: names,
  output: names,
  nodes: z.record(z.string(), node),
  start: z.string(),
  edges: z.array(edge),
  guards: z.record(
    z.string(),
    z.strictObject({ name: z.string(), reads: names, version: atLeastOne, text: z.string(), place }),
  ),
  tools: z.record(z.string(), tool),
  events: z
    .record(z.string(), z.strictObject({ payloadSchema: jsonSchema, early: z.literal('lost').exactOptional(), place }))
    .exactOptional(),
  groups: z
    .record(
      z.string(),
      z.strictObject({
        name: z.string(),
        keys: names,
        exports: names,
        verdicts: names,
        own: z.array(z.enum(groupOwns)).exactOptional(),
        description: z.string(),
        place,
      }),
    )
    .exactOptional(),
  workflows: z
    .record(
      z.string(),
      z.lazy(() => graphSchema),
    )
    .exactOptional(),
  limits: z.strictObject({
    bounds: z.partialRecord(z.enum(limitNames), bound),
    exhausted: z.string(),
    stall: z
      .strictObject({
        transitions: atLeastOne,
        watch: names.nullable(),
        to: z.string(),
        limit: atLeastOne,
        otherwise: z.string(),
      })
      .exactOptional(),
    handoffs: z
      .strictObject({
        max: count.exactOptional(),
        perPair: count.exactOptional(),
        identical: count.exactOptional(),
        withinMs: count.exactOptional(),
        per: z.string().nullable(),
        escalateTo: z.string().nullable(),
        cancelsFork: z.literal(true).exactOptional(),
      })
      .exactOptional(),
    place,
  }),
  policies: z.array(
    z.strictObject({
      never: z.string(),
      without: z.union([z.literal('approval'), z.strictObject({ node: z.string(), outcome: z.string() })]),
      given: guardExpression.nullable(),
      remembered: z.literal(true).exactOptional(),
      place,
    }),
  ),
  place,
})

/**
 * Reads a graph that was stored or sent as JSON text.
 *
 * Every edge leads to a node or a target, so that what reads the graph needs no check of its own; whether it makes sense is `check`'s.
 *
 * @returns frozen; equal to the graph that was written
 * @throws {StoreError} WAYSTONE_STORE_NEWER_FORMAT, WAYSTONE_STORE_CORRUPT naming the first place that is wrong
 */
export function parseGraph(text: string): Graph {
  const value = readText(text)
  const format = typeof value === 'object' && value !== null && 'format' in value ? value.format : undefined
  if (typeof format === 'number' && format > graphFormat) {
    throw storeError(
      'WAYSTONE_STORE_NEWER_FORMAT',
      `the graph has format ${format}; this Waystone reads up to ${graphFormat}`,
    )
  }
  const parsed = graphSchema.safeParse(value)
  if (!parsed.success)
    throw storeError('WAYSTONE_STORE_CORRUPT', `the graph is not readable: ${z.prettifyError(parsed.error)}`)
  // zod gives the same records as the interfaces of graph.ts, with mutable types.
  const graph = toJson(parsed.data, 'graph') as unknown as Graph
  checkNames(graph)
  return graph
}

function readText(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    throw storeError('WAYSTONE_STORE_CORRUPT', 'the graph is not JSON', {}, error)
  }
}

/** Names in edges, start, limits and nodes must exist, in nested workflows too. */
function checkNames(graph: Graph): void {
  const refuse = (where: string, name: string): never => {
    throw storeError(
      'WAYSTONE_STORE_CORRUPT',
      `the graph is not readable: ${where} names ${JSON.stringify(name)}, which is not in it`,
    )
  }
  const isTarget = (name: string): boolean => name.startsWith(':') || Object.hasOwn(graph.nodes, name)
  if (!Object.hasOwn(graph.nodes, graph.start)) refuse('start', graph.start)
  if (!isTarget(graph.limits.exhausted)) refuse('limits.exhausted', graph.limits.exhausted)
  const records = [...Object.values(graph.nodes), ...Object.values(graph.state)]
  for (const { group } of records)
    if (group !== undefined && !Object.hasOwn(graph.groups ?? {}, group)) refuse('a node or a state key', group)
  const { stall } = graph.limits
  for (const name of stall === undefined ? [] : [stall.to, stall.otherwise])
    if (!isTarget(name)) refuse('limits.stall', name)
  const { escalateTo = null, per = null } = graph.limits.handoffs ?? {}
  for (const name of [escalateTo, per]) if (name !== null && !isTarget(name)) refuse('limits.handoffs', name)
  for (const { id, from, to, otherwise, limit, fork, cancels } of graph.edges) {
    if (!Object.hasOwn(graph.nodes, from)) refuse(`edge ${id}`, from)
    for (const name of [to, otherwise ?? to, limit?.per ?? to]) if (!isTarget(name)) refuse(`edge ${id}`, name)
    for (const name of fork === undefined ? [] : [...fork.branches, fork.join])
      if (!Object.hasOwn(graph.nodes, name)) refuse(`the fork of edge ${id}`, name)
    for (const name of cancels ?? []) if (!Object.hasOwn(graph.nodes, name)) refuse(`cancels of edge ${id}`, name)
  }
  for (const node of Object.values(graph.nodes)) {
    const held = node.kind === 'workflow' || node.kind === 'map' ? node.workflow : undefined
    if (held !== undefined && !Object.hasOwn(graph.workflows ?? {}, held)) refuse(`node ${node.id}`, held)
    for (const event of node.kind === 'wait' ? node.events : [])
      if (!Object.hasOwn(graph.events ?? {}, event)) refuse(`node ${node.id}`, event)
  }
  for (const nested of Object.values(graph.workflows ?? {})) checkNames(nested)
}
