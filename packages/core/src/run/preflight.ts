import { takeJson, type JsonObject } from '../base/json.ts'
import { own } from '../base/own.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import { inputError } from '../errors/input-error.ts'
import { everyModelOf } from '../graph/asked-models.ts'
import { groupOwns } from '../define/group.ts'
import type { Graph, MemoryUseRecord, NodeRecord } from '../graph/graph.ts'
import { groupAt, groupsWith } from '../graph/group-at.ts'
import { graphsOf, nestedIn } from '../graph/nested-graphs.ts'
import type { ExecutorPorts } from './effect-job.ts'
import { issueLines } from './issues.ts'

/**
 * Refuses what cannot work before anything runs: models that are not bound, a limit on cost without prices, no long-term memory, secrets nobody knows.
 *
 * @throws {InputError} WAYSTONE_INPUT_MODELS_MISSING, WAYSTONE_INPUT_MEMORY_MISSING, WAYSTONE_INPUT_PRICES_MISSING, WAYSTONE_INPUT_SECRETS_MISSING
 */
export async function checkBindings({ graph }: CompiledWorkflow, ports: ExecutorPorts): Promise<void> {
  const graphs = graphsOf(graph)
  const asked = askedModels(graphs.flatMap(({ nodes }) => Object.values(nodes)))
  const unbound = [...asked].filter(([model]) => !ports.models.has(model))
  if (unbound.length > 0) {
    const names = unbound.map(([model, node]) => `${JSON.stringify(model)} (asked by ${node})`)
    throw inputError(
      'WAYSTONE_INPUT_MODELS_MISSING',
      `workflow ${JSON.stringify(graph.name)} asks for models that are not bound at this runtime: ${names.join(', ')}; bound are: ${listOf([...ports.models.keys()])}`,
      {
        models: unbound.map(([model]) => model),
      },
    )
  }
  if (ports.memory === null) for (const one of graphs) refuseForgetting(one)
  const unpriced = !graphs.some(limitsCost) ? [] : [...asked.keys()].filter((model) => !hasPrice(ports, model))
  if (unpriced.length > 0) {
    throw inputError(
      'WAYSTONE_INPUT_PRICES_MISSING',
      `workflow ${JSON.stringify(graph.name)} limits costUsd; no price is known for: ${unpriced.join(', ')}`,
      {
        models: unpriced,
      },
    )
  }
  refuseUnboundGroups(graph, ports.groups)
  const missing: string[] = []
  // Of each group once, however many nodes need it: a resolver may have to go and ask.
  const needed = new Map(secretsOf(graph, undefined).map((secret) => [JSON.stringify(secret), secret]))
  for (const { name, group } of needed.values())
    if (!(await ports.vault.has(name, group))) missing.push(group === undefined ? name : `${name} (of group ${group})`)
  if (missing.length === 0) return
  throw inputError(
    'WAYSTONE_INPUT_SECRETS_MISSING',
    `workflow ${JSON.stringify(graph.name)} needs secrets that are not set: ${missing.join(', ')}`,
    { secrets: missing },
  )
}

/**
 * Parses a run's input by the workflow's schema.
 *
 * @returns deeply frozen
 * @throws {InputError} WAYSTONE_INPUT_START listing every issue; WAYSTONE_INPUT_NOT_JSON
 */
export function parseInput({ graph, registry }: CompiledWorkflow, given: unknown): JsonObject {
  const what = `input of workflow ${JSON.stringify(graph.name)}`
  const parsed = registry.input.safeParse(takeJson(given, what))
  if (parsed.success) return takeJson(parsed.data, what) as JsonObject
  const issues = issueLines(parsed.error)
  throw inputError('WAYSTONE_INPUT_START', `${what} does not fit: ${issues.join('; ')}`, { issues })
}

/** Models and the first node that asks for each. */
function askedModels(records: readonly NodeRecord[]): ReadonlyMap<string, string> {
  const asked = new Map<string, string>()
  for (const record of records) {
    for (const model of everyModelOf(record)) if (!asked.has(model)) asked.set(model, record.id)
  }
  return asked
}

/**
 * Refuses a start without the tags that scopes of long-term memory are made of.
 *
 * @throws {InputError} WAYSTONE_INPUT_START naming each tag and who needs it
 */
export function requireMemoryTags({ graph }: CompiledWorkflow, tags: { readonly [name: string]: string }): void {
  const lacking = graphsOf(graph)
    .flatMap(memoryUses)
    .flatMap(({ user, scope }) =>
      scope.flatMap((part) => ('tag' in part && (own(tags, part.tag) ?? '') === '' ? [{ user, tag: part.tag }] : [])),
    )
  if (lacking.length === 0) return
  const names = [...new Set(lacking.map(({ tag, user }) => `${JSON.stringify(tag)} (scope of ${user})`))]
  throw inputError(
    'WAYSTONE_INPUT_START',
    `workflow ${JSON.stringify(graph.name)} keeps long-term memory by tags that the run is not given: ${names.join(', ')}`,
    { tags: [...new Set(lacking.map(({ tag }) => tag))] },
  )
}

/** Who uses long-term memory, and under which scope. */
function memoryUses({ nodes, tools }: Graph): readonly ({ readonly user: string } & MemoryUseRecord)[] {
  return [
    ...Object.values(nodes).flatMap((node) =>
      (node.kind === 'task' || node.kind === 'gate') && node.memory !== undefined
        ? [{ user: `node ${node.id}`, ...node.memory }]
        : [],
    ),
    ...Object.values(tools).flatMap((tool) =>
      tool.memory === undefined ? [] : [{ user: `tool ${tool.name}`, ...tool.memory }],
    ),
  ]
}

function refuseForgetting(graph: Graph): void {
  const { name } = graph
  const users = memoryUses(graph).map(({ user }) => user)
  if (users.length === 0) return
  throw inputError(
    'WAYSTONE_INPUT_MEMORY_MISSING',
    `workflow ${JSON.stringify(name)} uses long-term memory (${users.join(', ')}); this runtime has none`,
    { users },
  )
}

function limitsCost({ limits, nodes }: CompiledWorkflow['graph']): boolean {
  const isOwn = Object.values(nodes).some((node) => node.kind === 'agent' && node.limits?.costUsd !== undefined)
  return limits.bounds.costUsd !== undefined || isOwn
}

function hasPrice({ prices, models }: ExecutorPorts, model: string): boolean {
  return prices.has(model) || prices.has(models.get(model)?.name ?? '')
}

interface NeededSecret {
  readonly name: string
  /** Whose own resolver has to know it; undefined: the runtime's. */
  readonly group: string | undefined
}

/** The secrets of all tools that nodes may call, those of nested workflows too. @param around - the group of the node that nests it */
function secretsOf(graph: Graph, around: string | undefined): readonly NeededSecret[] {
  return Object.values(graph.nodes).flatMap((node): readonly NeededSecret[] => {
    const group = groupAt(graph, node.id, 'secrets') ?? around
    const nested = nestedIn(graph, node)
    if (nested !== undefined) return secretsOf(nested, group)
    return [...toolsOf(node), ...undoingTools(graph, node)].flatMap((tool) =>
      (graph.tools[tool]?.secrets ?? []).map((name) => ({ name, group })),
    )
  })
}

/** What undoes the node's work, or the calls of its tools. */
function undoingTools({ tools }: Graph, node: NodeRecord): readonly string[] {
  const own = 'compensate' in node ? node.compensate : undefined
  const undos = [own, ...toolsOf(node).map((tool) => tools[tool]?.compensate)]
  return undos.flatMap((undo) => (undo?.kind === 'tool' ? [undo.tool] : []))
}

function toolsOf(node: NodeRecord): readonly string[] {
  if (node.kind === 'tool') return [node.tool]
  if (node.kind === 'map') return node.tool === null ? [] : [node.tool]
  if (node.kind !== 'agent') return []
  return [...node.tools, ...Object.values(node.toolRules ?? {}).flatMap(({ alternates }) => alternates ?? [])]
}

/** A group that has something to itself does not run on what is everybody's. */
function refuseUnboundGroups(graph: Graph, groups: ExecutorPorts['groups']): void {
  const unbound = groupOwns.flatMap((has) =>
    groupsWith(graph, has)
      .filter((name) => groups[name]?.[has] === undefined)
      .map((name) => ({ name, has })),
  )
  if (unbound.length === 0) return
  const list = unbound.map(({ name, has }) => `${has} of ${JSON.stringify(name)}`).join(', ')
  throw inputError(
    'WAYSTONE_INPUT_GROUPS_UNBOUND',
    `workflow ${JSON.stringify(graph.name)} has groups with something of their own that is not bound at this runtime: ${list}`,
    { groups: unbound.map(({ name }) => name) },
  )
}

function listOf(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ')
}
