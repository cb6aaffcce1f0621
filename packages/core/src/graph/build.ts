import { toJson } from '../base/json.ts'
import type { NodeDefinition } from '../define/node.ts'
import { nodesMarker, type NodesDefinition } from '../define/nodes.ts'
import { workflowMarker, type Workflow, type WorkflowDefinition } from '../define/workflow.ts'
import type { Place } from '../errors/definition-error.ts'
import { buildEdges } from './build-edges.ts'
import { checkSubscribers } from './build-emit.ts'
import { buildEvents } from './build-events.ts'
import { buildTarget } from './build-target.ts'
import { isJoin } from './build-fork.ts'
import { buildGroups } from './build-groups.ts'
import { buildGuards } from './build-guards.ts'
import { buildEscalations } from './build-handoff-limits.ts'
import { buildInput } from './build-input.ts'
import { buildLimits } from './build-limits.ts'
import { buildNodes } from './build-nodes.ts'
import { buildPolicies } from './build-policies.ts'
import type { BuildScope } from './build-scope.ts'
import { buildState } from './build-state.ts'
import { buildTools } from './build-tools.ts'
import { graphFormat, type Graph, type GraphHashes } from './graph.ts'
import { hashGraph } from './hash.ts'
import { describeValue, issueList } from './issues.ts'
import { nodeDefinitionOf, referenceOf } from './node-reference.ts'
import { placeOf } from './place.ts'
import { checkKeys, isName, readCount, readStateKeys, readText, type Written } from './read-config.ts'
import type { Registry } from './registry.ts'

/** A definition as plain data, the functions it names, and what identifies it. Frozen. */
export interface BuiltGraph {
  readonly graph: Graph
  readonly registry: Registry
  readonly hashes: GraphHashes
}

const built = new WeakMap<WorkflowDefinition, BuiltGraph>()

/**
 * Turns a workflow into its graph. The same workflow object gives the same result object.
 *
 * Checks what types cannot see and everything that untyped code could get wrong; what needs the whole graph (cycles, reachability,
 * policies) is `check`.
 *
 * Cost: O(nodes + edges + size of the schemas), once per workflow.
 *
 * @throws {DefinitionError} with every issue found, each with code, place, message and hint
 */
export function buildGraph(workflow: Workflow): BuiltGraph {
  const definition = workflow[workflowMarker]
  const known = built.get(definition)
  if (known !== undefined) return known
  const result = build(definition)
  built.set(definition, result)
  return result
}

const configKeys = [
  'version',
  'description',
  'input',
  'output',
  'nodes',
  'start',
  'edges',
  'limits',
  'policies',
] as const

function build(definition: WorkflowDefinition): BuiltGraph {
  const scope = scopeOf(definition)
  const { config } = definition
  const written: Written = {
    config,
    place: scope.place,
    subject: `workflow ${JSON.stringify(scope.name)}`,
    issues: scope.issues,
  }
  checkKeys(written, configKeys)
  const input = buildInput(scope, written)
  const nodes = buildNodes(scope)
  const routed = buildEdges(scope, config['edges'], nodes.records)
  const limits = buildLimits(scope, config['limits'])
  const edges = [...routed, ...buildEscalations(scope, limits, nodes.records)]
  const policies = buildPolicies(scope, config['policies'], nodes.records)
  const tools = buildTools(scope)
  const guards = buildGuards(scope)
  const events = buildEvents(scope)
  checkSubscribers(scope)
  const graph: Graph = {
    format: graphFormat,
    name: scope.name,
    version: readCount(written, 'version', { least: 1, fallback: 1 }),
    description: readText(written, 'description', ''),
    state: scope.built.records,
    inputSchema: input.json,
    inputKeys: input.keys,
    output: readStateKeys(written, 'output', scope.stateKeys),
    nodes: nodes.records,
    start: startOf(scope, config['start']),
    edges,
    guards: guards.records,
    tools: tools.records,
    ...(scope.awaited.size > 0 && { events: events.records }),
    ...(scope.groups.size > 0 && {
      groups: Object.fromEntries([...scope.groups.values()].map((group) => [group.name, group])),
    }),
    ...(scope.workflows.size > 0 && {
      workflows: Object.fromEntries([...scope.workflows].map(([name, nested]) => [name, nested.graph])),
    }),
    limits,
    policies,
    place: scope.place,
  }
  scope.issues.throwIfAny()
  const registry: Registry = Object.freeze({
    guards: guards.functions,
    reducers: scope.built.reducers,
    stateSchemas: scope.built.stateSchemas,
    patchSchemas: scope.built.patchSchemas,
    input: input.schema,
    tools: tools.functions,
    events: events.schemas,
    nodes: nodes.functions,
  })
  // The graph's interfaces are JSON by construction; they only lack an index signature.
  const frozen = toJson(graph, `graph of workflow ${JSON.stringify(scope.name)}`) as unknown as Graph
  return Object.freeze({ graph: frozen, registry, hashes: hashGraph(frozen) })
}

function scopeOf(definition: WorkflowDefinition): BuildScope {
  const issues = issueList()
  const name = typeof definition.name === 'string' ? definition.name : 'workflow'
  const place = placeOf(name, definition.source)
  if (typeof definition.name !== 'string' || (definition.isMade !== true && !isName(name))) {
    issues.add('WAYSTONE_DEFINITION_BAD_NAME', place, {
      message: `workflow name ${describeValue(definition.name)} is no valid name`,
      hint: 'Names of workflows start with a letter and go on with letters, digits, _ and -.',
    })
  }
  const table = tableOf(definition, place, issues)
  const { state, records } = buildGroups(table, buildState(definition.state, place, issues), { name, issues })
  return {
    name,
    place,
    issues,
    state: definition.state,
    built: state,
    groups: records,
    stateKeys: new Set([...Object.keys(definition.state), ...[...records.values()].flatMap(({ keys }) => keys)]),
    table,
    nodeNames: new Set(table?.entries.map(([id]) => id)),
    nameOf: namesOf(table),
    guards: new Map(),
    tools: new Map(),
    events: new Map(),
    awaited: new Set(),
    subscribers: new Map(),
    emitted: new Set(),
    buildNested: buildGraph,
    workflows: new Map(),
  }
}

function namesOf(table: NodesDefinition | null): BuildScope['nameOf'] {
  const names = new Map<NodeDefinition, string>()
  for (const [id, node] of table?.entries ?? []) {
    const definition = nodeDefinitionOf(node)
    if (definition !== undefined && !names.has(definition)) names.set(definition, id)
  }
  return names
}

function tableOf({ config }: WorkflowDefinition, place: Place, issues: BuildScope['issues']): NodesDefinition | null {
  const { nodes } = config
  if (typeof nodes === 'object' && nodes !== null && nodesMarker in nodes) return nodes[nodesMarker] as NodesDefinition
  issues.add(
    'WAYSTONE_DEFINITION_BAD_NODE',
    { ...place, path: `${place.path}.nodes` },
    {
      message: `nodes is ${describeValue(nodes)}, not a table of nodes`,
      hint: 'Give nodes what w.nodes({ … }) returns; a spread of it is not the same.',
    },
  )
  return null
}

function startOf(scope: BuildScope, start: unknown): string {
  const path = `${scope.name}.start`
  const source = referenceOf(start)?.source
  const place = source === undefined ? { ...scope.place, path } : placeOf(path, source)
  const target = buildTarget(scope, start, place)
  if (target === undefined || (!target.startsWith(':') && !isJoin(start))) return target ?? ''
  scope.issues.add('WAYSTONE_DEFINITION_MISSING_TARGET', place, {
    message: `start is ${target.startsWith(':') ? 'the end of the run, not a node' : 'a join, where no branch has been'}`,
    hint: 'Give start: n.name.',
  })
  return ''
}
