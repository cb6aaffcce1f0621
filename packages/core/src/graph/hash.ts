import { canonicalJson, type Json, type JsonObject } from '../base/json.ts'
import { sha256 } from '../base/hash.ts'
import type { Graph, GraphHashes } from './graph.ts'

/** Fields that are for people or for models, by the name they have in records of the graph. */
const outside = new Set(['place', 'text', 'description', 'instructions', 'model', 'reason', 'resources', 'doneWhen'])

/** Annotations of JSON schemas: they change what a model reads, not what is allowed. */
const annotations = new Set(['description', 'title', 'examples', '$comment', 'deprecated'])

/**
 * The two hashes of a graph.
 *
 * The graph hash covers everything `plan` reads: names, kinds, reads and writes, outcomes, edges, limits, retries, policies, schemas
 * and declared versions. Places, function text, prompts, model names, resources of tools, reasons and descriptions are outside. The behaviour hash covers
 * prompts given as text, model names, resources, reasons and descriptions, also those inside schemas.
 */
export function hashGraph(graph: Graph): GraphHashes {
  const json = graph as unknown as JsonObject
  return Object.freeze({
    graph: sha256(canonicalJson(graphIdentity(graph))),
    behaviour: sha256(canonicalJson(behaviourOf(json))),
  })
}

/**
 * The part of a graph that its graph hash covers, nested workflows included. The order in which things were written is outside, save that of an outcome's edges,
 * which is their `index`: edges stand by id, lists of names are sorted.
 */
export function graphIdentity(graph: Graph): JsonObject {
  const { workflows, ...own } = graph
  const edges = Object.fromEntries(graph.edges.map((edge) => [edge.id, edge]))
  const identity = identityOf({ ...own, edges } as unknown as JsonObject, 'record') as JsonObject
  if (workflows === undefined) return identity
  const nested = Object.entries(workflows).map(([name, one]) => [name, graphIdentity(one)] as const)
  return { ...identity, workflows: Object.fromEntries(nested) }
}

/** `record`: fields of the graph. `names`: keys are names of the author's. `schema`: JSON schema. `value`: opaque. */
type Part = 'record' | 'names' | 'schema' | 'properties' | 'value'

function identityOf(value: Json, part: Part): Json {
  if (value === null || typeof value !== 'object' || part === 'value') return value
  if (Array.isArray(value)) return sortedNames(value.map((item: Json) => identityOf(item, part)))
  const kept: { [key: string]: Json } = {}
  for (const [key, item] of Object.entries(value as JsonObject)) {
    if (isOutside(key, part)) continue
    kept[key] = identityOf(item, partUnder(key, part))
  }
  return kept
}

function sortedNames(list: readonly Json[]): Json {
  return list.every((item) => typeof item === 'string') ? list.toSorted() : list
}

function isOutside(key: string, part: Part): boolean {
  return (part === 'record' && outside.has(key)) || (part === 'schema' && annotations.has(key))
}

const tablesOfNames = new Set([
  'state',
  'nodes',
  'edges',
  'guards',
  'tools',
  'toolRules',
  'handoffs',
  'bounds',
  'workflows',
  'events',
  'guarded',
  'groups',
])
const tablesOfSchemas = new Set(['properties', '$defs', 'patternProperties', 'dependentSchemas'])

function partUnder(key: string, part: Part): Part {
  switch (part) {
    case 'record':
      // The order of alternates counts, and what an author wrote is not looked into.
      if (key === 'alternates' || key === 'otherwise') return 'value'
      if (key === 'schema' || key.endsWith('Schema')) return 'schema'
      return tablesOfNames.has(key) ? 'names' : 'record'
    case 'names':
      return 'record'
    case 'properties':
      return 'schema'
    case 'schema':
      if (tablesOfSchemas.has(key)) return 'properties'
      return key === 'const' || key === 'default' ? 'value' : 'schema'
    case 'value':
      return 'value'
  }
}

function behaviourOf(graph: JsonObject): Json {
  const found: [path: string, value: Json][] = []
  const walk = (value: Json, part: Part, path: string): void => {
    if (value === null || typeof value !== 'object' || part === 'value') return
    for (const [key, item] of Object.entries(value)) {
      const here = `${path}/${key}`
      if (isOutside(key, Array.isArray(value) ? 'value' : part)) {
        if (key !== 'place' && key !== 'text') found.push([here, item])
      } else walk(item, Array.isArray(value) ? part : partUnder(key, part), here)
    }
  }
  walk(graph, 'record', '')
  return found.toSorted(([left], [right]) => (left < right ? -1 : 1))
}
