import { z } from 'zod'
import { branchList } from './add-forks.ts'
import type { Json } from '../../src/base/json.ts'
import type { Graph, NodeRecord } from '../../src/graph/graph.ts'
import type { NodeFunctions, NodeInput, Registry, Slice, ToolFunctions } from '../../src/graph/registry.ts'

/**
 * Functions for a random graph: guards by their names (`k0AtLeast2`, `k1Is3`), work that is deterministic in what it reads.
 *
 * Guards with other names hold when the sum of what they read is even.
 */
export function registryFor(graph: Graph): Registry {
  const keys = Object.keys(graph.state)
  const schemas = new Map(keys.map((key) => [key, key === branchList ? z.array(z.string()) : z.int()] as const))
  return {
    guards: new Map(Object.keys(graph.guards).map((name) => [name, guardFor(name)])),
    reducers: new Map(),
    stateSchemas: schemas,
    patchSchemas: schemas,
    input: z.strictObject(Object.fromEntries(graph.inputKeys.map((key) => [key, z.int()]))),
    tools: new Map(Object.keys(graph.tools).map((name) => [name, toolFunctions])),
    events: new Map(Object.keys(graph.events ?? {}).map((name) => [name, z.null()])),
    nodes: new Map(Object.values(graph.nodes).map((node) => [node.id, functionsFor(node)])),
  }
}

function guardFor(name: string): (slice: Slice) => boolean {
  const match = /^(\w+?)(AtLeast|Is)(\d+)$/.exec(name)
  if (match === null) return (slice) => sumOf(slice) % 2 === 0
  const [, key = '', comparison, text] = match
  const number = Number(text)
  return (slice) => {
    const value = numberOf(slice[key])
    return comparison === 'Is' ? value === number : value >= number
  }
}

function numberOf(value: Json | undefined): number {
  return typeof value === 'number' ? value : 0
}

function sumOf(slice: Slice): number {
  return Object.values(slice).reduce((sum: number, value) => sum + numberOf(value), 0)
}

/** The patch that every node of a random graph writes: one more than the sum of what it read, modulo 5, in each key. */
export function patchFor(node: NodeRecord, state: Slice): { [key: string]: Json } {
  const value = (index: number): number => (sumOf(state) + index + 1) % 5
  return Object.fromEntries(
    node.writes.map((key, index) => [key, key === branchList ? [`${node.id}:${value(index)}`] : value(index)]),
  )
}

const toolFunctions: ToolFunctions = {
  input: z.unknown(),
  output: z.unknown(),
  run: (input) => input,
}

function functionsFor(node: NodeRecord): NodeFunctions {
  const patch = (_output: unknown, input: NodeInput): unknown => patchFor(node, input.state)
  switch (node.kind) {
    case 'agent':
      return { kind: 'agent', instructions: null, prompt: null, output: null, apply: patch }
    case 'tool':
      return { kind: 'tool', input: null, apply: patch }
    case 'gate': {
      const own = node.outcomes.filter((outcome) => !['failed', 'timeout', 'unknown'].includes(outcome))
      const decide = ({ state }: NodeInput): unknown => own[sumOf(state) % own.length]
      return { kind: 'gate', decide, instructions: null, prompt: null }
    }
    case 'approval':
      return { kind: 'approval', response: null }
    case 'task':
      return { kind: 'task', run: (input) => patchFor(node, input.state) }
    case 'map': {
      const run = node.tool === null ? (item: Json): Json => item : null
      const over = node.over === null ? (): readonly Json[] => [1, 2, 3] : null
      const wanted = node.done === 'first' ? (output: Json): boolean => output === 2 : null
      return { kind: 'map', over, input: null, run, wanted, apply: patch, nested: null }
    }
    case 'join':
      return { kind: 'join' }
    case 'wait':
      return { kind: 'wait', key: null, until: null, apply: patch }
    case 'workflow':
      throw new RangeError(`no functions are made up for nested workflow ${node.id}`)
  }
}
