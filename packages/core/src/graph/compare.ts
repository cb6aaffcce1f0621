import { canonicalJson, type Json } from '../base/json.ts'
import type { Graph } from './graph.ts'
import { graphIdentity } from './hash.ts'

/** One difference between two graphs. */
export interface GraphDifference {
  /** Path inside the workflow, e.g. `nodes.refund.writes` or `edges.tone.rude.limit`. */
  readonly path: string
  /** Absent: only in the other. */
  readonly left?: Json
  readonly right?: Json
}

/**
 * What differs between two graphs in what their hashes cover.
 *
 * Order: by part (nodes, edges, guards, …), then by name.
 */
export function compareGraphs(left: Graph, right: Graph): readonly GraphDifference[] {
  const differences: GraphDifference[] = []
  compareValues(differences, '', graphIdentity(left), graphIdentity(right))
  return differences
}

function compareValues(
  differences: GraphDifference[],
  path: string,
  left: Json | undefined,
  right: Json | undefined,
): void {
  if (left === undefined || right === undefined) {
    if (left !== right)
      differences.push({ path, ...(left !== undefined && { left }), ...(right !== undefined && { right }) })
    return
  }
  if (!isObject(left) || !isObject(right)) {
    if (canonicalJson(left) !== canonicalJson(right)) differences.push({ path, left, right })
    return
  }
  for (const key of new Set([...Object.keys(left), ...Object.keys(right)])) {
    compareValues(differences, path === '' ? key : `${path}.${key}`, left[key], right[key])
  }
}

function isObject(value: Json): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** A difference as people read it. */
export function formatDifference({ path, left, right }: GraphDifference): string {
  if (left === undefined) return `${path}: added`
  if (right === undefined) return `${path}: removed`
  return `${path}: ${shorten(left)} → ${shorten(right)}`
}

function shorten(value: Json): string {
  const text = canonicalJson(value)
  return text.length <= 80 ? text : `${text.slice(0, 77)}…`
}
