import type { NodeDefinition } from '../define/node.ts'
import type { Place } from '../errors/definition-error.ts'
import { buildAgent } from './build-agent.ts'
import { buildApproval } from './build-approval.ts'
import { subscribe } from './build-emit.ts'
import { buildGate } from './build-gate.ts'
import type { BuildScope, BuiltNode, NodeSite } from './build-scope.ts'
import { buildJoin } from './build-join.ts'
import { buildMap } from './build-map.ts'
import { buildNested } from './build-nested.ts'
import { buildTask } from './build-task.ts'
import { buildToolNode } from './build-tool-node.ts'
import { buildWait } from './build-wait.ts'
import type { NodeRecord } from './graph.ts'
import { speaks } from './speaks.ts'
import { describeValue } from './issues.ts'
import { nodeDefinitionOf, referenceOf } from './node-reference.ts'
import { placeOf } from './place.ts'
import { isName, type Written } from './read-config.ts'
import type { NodeFunctions, Registry } from './registry.ts'

const builders: { readonly [kind in NodeDefinition['kind']]: (site: NodeSite) => BuiltNode } = {
  agent: buildAgent,
  tool: buildToolNode,
  gate: buildGate,
  approval: buildApproval,
  task: buildTask,
  map: buildMap,
  join: buildJoin,
  workflow: buildNested,
  wait: buildWait,
}

/** Records and functions of all nodes. Order: as written. */
export function buildNodes(scope: BuildScope): {
  readonly records: { readonly [id: string]: NodeRecord }
  readonly functions: Registry['nodes']
} {
  const records: { [id: string]: NodeRecord } = {}
  const functions = new Map<string, NodeFunctions>()
  for (const [id, node] of scope.table?.entries ?? []) {
    const definition = nodeDefinitionOf(node)
    const place = placeOf(`${scope.name}.nodes.${id}`, definition?.source ?? undefined)
    if (!isNode(scope, { id, node, definition, place }) || definition === undefined) continue
    checkTwice(scope, { id, definition, place })
    const written: Written = {
      config: definition.config,
      place,
      subject: `node ${JSON.stringify(id)}`,
      issues: scope.issues,
    }
    const built = builders[definition.kind]({ scope, id, definition, written })
    if (definition.kind !== 'join') subscribe(scope, { id, written: definition.config['on'], place })
    if (built === undefined) continue
    const group = definition.group === undefined ? undefined : scope.groups.get(definition.group)
    records[id] = group === undefined ? built.record : { ...built.record, group: group.name }
    functions.set(id, built.functions)
  }
  checkOverwritten(scope)
  checkHeard(scope, records)
  return { records, functions }
}

function isNode(
  scope: BuildScope,
  {
    id,
    node,
    definition,
    place,
  }: {
    readonly id: string
    readonly node: unknown
    readonly definition: NodeDefinition | undefined
    readonly place: Place
  },
): boolean {
  if (definition === undefined) {
    scope.issues.add(
      'WAYSTONE_DEFINITION_BAD_NODE',
      place.file === undefined ? { ...scope.place, path: place.path } : place,
      {
        message: `node ${JSON.stringify(id)} is ${describeValue(node)}, not a node`,
        hint: 'Make nodes with w.agent, w.tool, w.gate, w.approval, w.task, w.map, w.wait, w.join or w.nested.',
      },
    )
    return false
  }
  if (!isName(id)) {
    scope.issues.add('WAYSTONE_DEFINITION_BAD_NAME', place, {
      message: `node name ${JSON.stringify(id)} is no valid name`,
      hint: 'Names of nodes start with a letter and go on with letters, digits, _ and -; names that every object has, such as constructor, are taken.',
    })
    return false
  }
  if (definition.state !== scope.state) {
    scope.issues.add('WAYSTONE_DEFINITION_FOREIGN_STATE', place, {
      message: `node ${JSON.stringify(id)} belongs to another state than workflow ${JSON.stringify(scope.name)}`,
      hint: 'Make nodes and workflow with the same defineState(...) result, even where two states look alike.',
    })
    return false
  }
  return true
}

function checkTwice(
  scope: BuildScope,
  { id, definition, place }: { readonly id: string; readonly definition: NodeDefinition; readonly place: Place },
): void {
  const first = scope.nameOf.get(definition)
  if (first === undefined || first === id) return
  scope.issues.add('WAYSTONE_DEFINITION_DUPLICATE', place, {
    message: `one node has two names, ${JSON.stringify(first)} and ${JSON.stringify(id)}`,
    hint: 'Make a node for each name; a tool or agent may be used by both.',
  })
}

/** A table spread into another one whose later entry has the same name loses a node in silence; the references that came along tell. */
function checkOverwritten(scope: BuildScope): void {
  const entries = new Map(scope.table?.entries)
  const tables = new Set(
    [...entries.values()].map((node) => referenceOf(node)?.table).filter((table) => table !== undefined),
  )
  for (const table of tables) {
    for (const [name, node] of table.entries) {
      const kept = entries.get(name)
      if (kept === undefined || nodeDefinitionOf(kept) === nodeDefinitionOf(node)) continue
      scope.issues.add(
        'WAYSTONE_DEFINITION_DUPLICATE',
        placeOf(`${scope.name}.nodes.${name}`, nodeDefinitionOf(kept)?.source),
        {
          message: `node ${JSON.stringify(name)} is defined twice: in this table and in one that is spread into it`,
          hint: 'Rename one of them, or leave it out of the spread.',
        },
      )
    }
  }
}

function checkHeard(scope: BuildScope, records: { readonly [id: string]: NodeRecord }): void {
  const speakers = Object.values(records).filter((record) => speaks(record))
  const heard = new Set(speakers.map(({ id }) => id))
  for (const record of Object.values(records)) {
    for (const name of record.hears) {
      if (heard.has(name)) continue
      const isKnown = scope.nodeNames.has(name)
      scope.issues.add(
        'WAYSTONE_DEFINITION_UNKNOWN_NODE',
        { ...record.place, path: `${record.place.path}.hears` },
        {
          message: `node ${JSON.stringify(record.id)} hears ${JSON.stringify(name)}, which is ${isKnown ? 'no gate, no approval, no join and no agent that hands over' : 'no node'}`,
          hint: `Nodes that can be heard are: ${speakers.map(({ id }) => id).join(', ') || 'none'}.`,
        },
      )
    }
  }
}
