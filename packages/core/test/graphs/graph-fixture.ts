import type { JsonObject } from '../../src/base/json.ts'
import { forkGuard } from '../../src/graph/build-fork.ts'
import { toolConditions } from '../../src/check/tool-rules.ts'
import {
  forkTarget,
  graphFormat,
  type AgentRecord,
  type ApprovalRecord,
  type EdgeLimit,
  type EdgeRecord,
  type EffectClass,
  type GateRecord,
  type Graph,
  type GuardExpression,
  type GuardRecord,
  type JoinRecord,
  type MapRecord,
  type LimitName,
  type LimitRecord,
  type MergeRule,
  type NodeKind,
  type NodeRecord,
  type NodeRecordBase,
  type PolicyRecord,
  type RetryRecord,
  type StateKeyRecord,
  type TaskRecord,
  type WaitRecord,
  type ToolNodeRecord,
  type ToolRecord,
} from '../../src/graph/graph.ts'

/** A guard: its name, `!name`, or an expression. */
export type GuardNotation = string | GuardExpression

/** An edge: its target, or an object. `limit` is a number per run, or with `per`. */
export type EdgeNotation =
  | string
  | {
      readonly to: string
      readonly when?: GuardNotation
      readonly limit?: number | { readonly max: number; readonly per: string | null }
      readonly otherwise?: string
      readonly cancelsFork?: boolean
      readonly cancels?: readonly string[]
    }
  | {
      /** First nodes of branches; `'a?g'`: only when guard `g` holds. */
      readonly fork: readonly string[]
      readonly join: string
      readonly cancels?: readonly string[]
      readonly when?: GuardNotation
      readonly limit?: number | { readonly max: number; readonly per: string | null }
      readonly otherwise?: string
    }

/** Kinds of nodes that stand for themselves. */
type PlainKind = Exclude<NodeKind, 'workflow'>

/** A node: its kind, or its kind with what differs from the defaults. `outcomes` are its own ones; built-in ones are added. */
export type NodeNotation =
  | PlainKind
  | ({ readonly kind: 'agent' } & Partial<Omit<AgentRecord, 'kind' | 'id'>>)
  | ({ readonly kind: 'tool'; readonly tool?: string } & Partial<Omit<ToolNodeRecord, 'kind' | 'id' | 'tool'>>)
  | ({ readonly kind: 'gate' } & Partial<Omit<GateRecord, 'kind' | 'id'>>)
  | ({ readonly kind: 'approval' } & Partial<Omit<ApprovalRecord, 'kind' | 'id'>>)
  | ({ readonly kind: 'task' } & Partial<Omit<TaskRecord, 'kind' | 'id'>>)
  | ({ readonly kind: 'map' } & Partial<Omit<MapRecord, 'kind' | 'id'>>)
  | ({ readonly kind: 'join' } & Partial<Omit<JoinRecord, 'kind' | 'id'>>)
  | ({ readonly kind: 'wait' } & Partial<Omit<WaitRecord, 'kind' | 'id'>>)

/** What {@link graphFixture} reads. Everything but `nodes` and `edges` has a default. */
export interface GraphNotation {
  /** Default `fixture`. */
  readonly name?: string
  /** Keys, `key?` for an optional one; or records. Keys that nodes, input, output and guards name are added as integers. */
  readonly state?: readonly string[] | { readonly [key: string]: Partial<StateKeyRecord> }
  /** Keys; `key?` for one that a caller may leave out. */
  readonly input?: readonly string[]
  readonly output?: readonly string[]
  readonly nodes: { readonly [id: string]: NodeNotation }
  /** Default: the first node. */
  readonly start?: string
  /** By node and outcome; a list is in order of priority. Not routed `failed`, `timeout`, `unknown` get their implicit edge. */
  readonly edges: { readonly [node: string]: { readonly [outcome: string]: EdgeNotation | readonly EdgeNotation[] } }
  /** Keys each guard reads. Guards named by edges are added, reading nothing. */
  readonly guards?: { readonly [name: string]: readonly string[] }
  /** Effect class or record. Tools named by nodes are added as `pure`. */
  readonly tools?: { readonly [name: string]: EffectClass | Partial<ToolRecord> }
  readonly limits?: { readonly [name in LimitName]?: number } & { readonly exhausted?: string }
  readonly policies?: readonly { readonly never: string; readonly without: string; readonly given?: GuardNotation }[]
}

/** No second attempt. */
const oneAttempt: RetryRecord = { attempts: 1, backoffMs: 0, factor: 1, maxBackoffMs: 0, jitter: 0 }

/**
 * Makes a complete graph out of a short notation, as plain JSON. It is not checked: fixtures of refused graphs are made with it too.
 *
 * @example
 * graphFixture({
 *   nodes: { plan: 'agent', look: { kind: 'gate', outcomes: ['pass', 'fail'] } },
 *   edges: { plan: { done: 'look' }, look: { pass: ':end', fail: { to: 'plan', limit: 2, otherwise: ':end' } } },
 * })
 */
export function graphFixture(notation: GraphNotation): Graph {
  const name = notation.name ?? 'fixture'
  const tools = toolsOf(name, notation)
  const nodes = Object.fromEntries(
    Object.entries(notation.nodes).map(([id, node]) => [id, nodeOf({ name, id, tools }, node)]),
  )
  const edges = [...declaredEdges(name, notation), ...implicitEdges(name, notation, nodes)]
  const policies = (notation.policies ?? []).map((policy, index) => policyOf(`${name}.policies.${index}`, policy))
  const guards = guardsOf(name, notation, [
    ...edges.flatMap((edge) => [edge.when, ...Object.values(edge.fork?.guarded ?? {})]),
    ...policies.map((policy) => policy.given),
    ...Object.values(nodes).flatMap((node) => toolConditions(node).map(({ when }) => when)),
  ])
  return {
    format: graphFormat,
    name,
    version: 1,
    description: '',
    state: stateOf(notation, nodes, guards),
    inputSchema: inputSchemaOf(notation.input ?? []),
    inputKeys: (notation.input ?? []).map((key) => bareKey(key)),
    output: notation.output ?? [],
    nodes,
    start: notation.start ?? Object.keys(nodes)[0] ?? '',
    edges,
    guards,
    tools,
    limits: limitsOf(name, notation),
    policies,
    place: { path: name },
  }
}

/** Reads the notation of a guard. */
function guardExpression(notation: GuardNotation): GuardExpression {
  if (typeof notation !== 'string') return notation
  return notation.startsWith('!') ? { not: { guard: notation.slice(1) } } : { guard: notation }
}

interface NodeSite {
  readonly name: string
  readonly id: string
  readonly tools: { readonly [name: string]: ToolRecord }
}

function nodeOf(site: NodeSite, notation: NodeNotation): NodeRecord {
  const node: NodeNotation = typeof notation === 'string' ? bare(notation) : notation
  switch (node.kind) {
    case 'agent':
      return { ...agentDefaults, ...baseOf(site, node, { effect: 'idempotent', outcomes: ['done'] }), kind: 'agent' }
    case 'tool': {
      const tool = node.tool ?? site.id
      const effect = site.tools[tool]?.effect ?? 'pure'
      return { ...baseOf(site, node, { effect, outcomes: ['done'] }), kind: 'tool', tool }
    }
    case 'gate':
      return { reviewer: null, ...baseOf(site, node, { effect: 'pure', outcomes: ['pass'] }), kind: 'gate' }
    case 'approval': {
      const outcomes = ['approved', 'rejected', ...(node.edits?.length ? ['edited'] : [])]
      const shown = node.show ?? node.reads ?? []
      const whole = { ...node, show: shown, reads: shown }
      const base = baseOf(site, whole, {
        effect: 'pure',
        outcomes: node.expiresInMs ? [...outcomes, 'expired'] : outcomes,
      })
      return { ...approvalDefaults, ...base, show: shown, kind: 'approval' }
    }
    case 'task':
      return { ...baseOf(site, node, { effect: 'unsafe', outcomes: ['done'] }), kind: 'task' }
    case 'map': {
      const { tool = null, over = null, done = 'all', failed = 'raise' } = node
      const outcomes = done === 'all' && failed !== 'drop' ? ['done'] : ['done', 'unsatisfied']
      const { maxItems = 3, excess = 'fail', concurrency = 2, losers = 'abort' } = node
      const base = baseOf(site, node, { effect: 'unsafe', outcomes })
      return { ...base, kind: 'map', tool, over, maxItems, excess, concurrency, done, failed, losers }
    }
    case 'wait': {
      const { events = [], key = null, until = null, expiresInMs = null } = node
      const { delayMs = events.length === 0 && until === null ? 60_000 : null } = node
      const expired = expiresInMs === null ? [] : ['expired']
      const outcomes = events.length === 0 ? ['done'] : [...(events.length === 1 ? ['received'] : events), ...expired]
      const base = baseOf(site, node, { effect: 'pure', outcomes })
      return { ...base, kind: 'wait', events, key, delayMs, until, expiresInMs }
    }
    case 'join': {
      const { atLeast = null, failed = 'raise', losers = 'abort', deadlineMs = null } = node
      const outcomes = ['done']
      if (deadlineMs !== null) outcomes.push('deadline')
      if (failed === 'drop') outcomes.push('unsatisfied')
      const base = baseOf(site, node, { effect: 'pure', outcomes })
      const own = failed === 'raise' ? [...outcomes, 'failed'] : outcomes
      return { ...base, kind: 'join', outcomes: own, atLeast, failed, losers, deadlineMs }
    }
  }
}

function bare(kind: PlainKind): Exclude<NodeNotation, PlainKind> {
  return { kind }
}

const agentDefaults = {
  model: 'fast',
  instructions: '',
  tools: [],
  maxModelCalls: 8,
  maxCallsPerTurn: 8,
  maxInputTokens: null,
  maxOutputTokens: null,
  outputSchema: null,
  repairs: 1,
  memory: 'fresh',
} as const satisfies Partial<AgentRecord>

const approvalDefaults = {
  edits: [],
  role: null,
  reason: '',
  expiresInMs: null,
  canAskBack: false,
  responseSchema: null,
} as const satisfies Partial<ApprovalRecord>

interface BaseDefaults {
  readonly effect: EffectClass
  readonly outcomes: readonly string[]
}

function baseOf<Node extends Partial<NodeRecordBase> & { readonly kind: NodeKind }>(
  site: NodeSite,
  node: Node,
  defaults: BaseDefaults,
): NodeRecordBase & Node {
  const effect = node.effect ?? defaults.effect
  const outcomes = new Set(node.outcomes ?? defaults.outcomes)
  if (node.kind !== 'approval' && node.kind !== 'join') {
    outcomes.add('failed')
    if (node.timeoutMs) outcomes.add('timeout')
    if (effect === 'unsafe') outcomes.add('unknown')
  }
  return {
    reads: [],
    writes: [],
    retry: oneAttempt,
    timeoutMs: null,
    hears: [],
    description: '',
    place: { path: `${site.name}.nodes.${site.id}` },
    ...node,
    id: site.id,
    effect,
    outcomes: [...outcomes],
  }
}

function declaredEdges(name: string, notation: GraphNotation): EdgeRecord[] {
  const edges: EdgeRecord[] = []
  for (const [from, outcomes] of Object.entries(notation.edges)) {
    for (const [outcome, routed] of Object.entries(outcomes)) {
      const list = Array.isArray(routed) ? (routed as readonly EdgeNotation[]) : [routed as EdgeNotation]
      list.forEach((edge, index) => {
        const id = Array.isArray(routed) ? `${from}.${outcome}.${index}` : `${from}.${outcome}`
        edges.push({
          ...edgeOf(edge),
          id,
          from,
          outcome,
          index,
          isImplicit: false,
          place: { path: `${name}.edges.${id}` },
        })
      })
    }
  }
  return edges
}

function edgeOf(
  notation: EdgeNotation,
): Pick<EdgeRecord, 'to' | 'when' | 'limit' | 'otherwise' | 'fork' | 'cancelsFork' | 'cancels'> {
  const edge = typeof notation === 'string' ? { to: notation } : notation
  let limit: EdgeLimit | null = null
  if (edge.limit !== undefined) limit = typeof edge.limit === 'number' ? { max: edge.limit, per: null } : edge.limit
  const fork = 'fork' in edge ? forkOf(edge) : undefined
  const when = edge.when === undefined ? null : guardExpression(edge.when)
  return {
    to: 'fork' in edge ? forkTarget : edge.to,
    ...(fork !== undefined && { fork }),
    ...('cancelsFork' in edge && edge.cancelsFork && { cancelsFork: true as const }),
    ...(edge.cancels !== undefined && { cancels: edge.cancels }),
    when: fork === undefined ? when : forkGuard(when, fork),
    limit,
    otherwise: edge.otherwise ?? null,
  }
}

function forkOf({ fork, join }: { readonly fork: readonly string[]; readonly join: string }): ForkOf {
  const parts = fork.map((one) => one.split('?'))
  const guarded = Object.fromEntries(
    parts.flatMap(([branch = '', guard]) => (guard === undefined ? [] : [[branch, { guard }]])),
  )
  const isGuarded = Object.keys(guarded).length > 0
  return { branches: parts.map(([branch = '']) => branch), join, ...(isGuarded && { guarded }) }
}

type ForkOf = NonNullable<EdgeRecord['fork']>

const implicitTargets: { readonly [outcome: string]: string } = {
  failed: ':fail',
  timeout: ':fail',
  unknown: ':person',
}

function implicitEdges(
  name: string,
  notation: GraphNotation,
  nodes: { readonly [id: string]: NodeRecord },
): EdgeRecord[] {
  return Object.values(nodes).flatMap((node) =>
    Object.entries(implicitTargets)
      .filter(([outcome]) => node.outcomes.includes(outcome) && notation.edges[node.id]?.[outcome] === undefined)
      .map(([outcome, to]) => ({
        id: `${node.id}.${outcome}`,
        from: node.id,
        outcome,
        index: 0,
        when: null,
        to,
        limit: null,
        otherwise: null,
        isImplicit: true,
        place: { path: `${name}.edges.${node.id}.${outcome}` },
      })),
  )
}

function policyOf(path: string, notation: NonNullable<GraphNotation['policies']>[number]): PolicyRecord {
  const [node = '', outcome = ''] = notation.without.split('.')
  const without = notation.without === 'approval' ? notation.without : { node, outcome }
  const given = notation.given === undefined ? null : guardExpression(notation.given)
  return { never: notation.never, without, given, place: { path } }
}

function guardNames(expression: GuardExpression | null): string[] {
  if (expression === null) return []
  if ('guard' in expression) return [expression.guard]
  if ('failure' in expression || 'active' in expression) return []
  if ('not' in expression) return guardNames(expression.not)
  return ('all' in expression ? expression.all : expression.any).flatMap((part) => guardNames(part))
}

function guardsOf(
  name: string,
  notation: GraphNotation,
  used: readonly (GuardExpression | null)[],
): { [name: string]: GuardRecord } {
  const reads = new Map(
    used.flatMap((expression) => guardNames(expression)).map((guard) => [guard, [] as readonly string[]]),
  )
  for (const [guard, keys] of Object.entries(notation.guards ?? {})) reads.set(guard, keys)
  return Object.fromEntries(
    [...reads].map(([guard, keys]) => [
      guard,
      { name: guard, reads: keys, version: 1, text: '', place: { path: `${name}.guards.${guard}` } },
    ]),
  )
}

function toolsOf(name: string, notation: GraphNotation): { [name: string]: ToolRecord } {
  const used = Object.entries(notation.nodes).flatMap(([id, node]) => {
    if (node === 'tool') return [id]
    if (typeof node === 'string') return []
    if (node.kind === 'tool') return [node.tool ?? id]
    return node.kind === 'agent' ? (node.tools ?? []) : []
  })
  const names = new Set([...used, ...Object.keys(notation.tools ?? {})])
  return Object.fromEntries(
    [...names].map((tool) => {
      const given = notation.tools?.[tool] ?? 'pure'
      return [tool, { ...toolDefaults(name, tool), ...(typeof given === 'string' ? { effect: given } : given) }]
    }),
  )
}

function toolDefaults(name: string, tool: string): ToolRecord {
  return {
    name: tool,
    description: '',
    effect: 'pure',
    secrets: [],
    version: 1,
    inputSchema: emptyObject,
    outputSchema: {},
    retry: oneAttempt,
    timeoutMs: null,
    place: { path: `${name}.tools.${tool}` },
  }
}

const emptyObject: JsonObject = { type: 'object', properties: {}, required: [], additionalProperties: false }

function stateOf(
  notation: GraphNotation,
  nodes: { readonly [id: string]: NodeRecord },
  guards: { readonly [name: string]: GuardRecord },
): { [key: string]: StateKeyRecord } {
  const replace: MergeRule = { rule: 'replace' }
  const base: StateKeyRecord = { schema: { type: 'integer' }, merge: replace, optional: false }
  const state: { [key: string]: StateKeyRecord } = {}
  const given = notation.state ?? []
  if (Array.isArray(given)) {
    for (const key of given as readonly string[]) {
      state[bareKey(key)] = { ...base, optional: key.endsWith('?') }
    }
  } else {
    for (const [key, record] of Object.entries(given as { readonly [key: string]: Partial<StateKeyRecord> })) {
      state[key] = { ...base, ...record }
    }
  }
  const used = [
    ...(notation.input ?? []).map((key) => bareKey(key)),
    ...(notation.output ?? []),
    ...Object.values(nodes).flatMap((node) => node.reads.concat(node.writes)),
    ...Object.values(guards).flatMap((guard) => guard.reads),
  ]
  for (const key of used) state[key] ??= base
  return state
}

function bareKey(key: string): string {
  return key.replace('?', '')
}

function inputSchemaOf(keys: readonly string[]): JsonObject {
  return {
    type: 'object',
    properties: Object.fromEntries(keys.map((key) => [bareKey(key), { type: 'integer' }])),
    required: keys.filter((key) => !key.endsWith('?')),
    additionalProperties: false,
  }
}

function limitsOf(name: string, notation: GraphNotation): Graph['limits'] {
  const { exhausted = ':exhausted', ...numbers } = notation.limits ?? {}
  const bounds = Object.fromEntries(
    Object.entries(numbers).map(([limit, max]): [string, LimitRecord] => [limit, { max, check: 'before' }]),
  )
  return { bounds, exhausted, place: { path: `${name}.limits` } }
}
