import type { Graph, NodeRecord } from '../graph/graph.ts'

const withoutPatch: ReadonlySet<string> = new Set(['failed', 'timeout', 'unknown'])
const withoutAnswer: ReadonlySet<string> = new Set(['rejected', 'expired', 'asked'])
const none: ReadonlySet<string> = new Set()

/**
 * The state keys that a node is sure to have written when it ends with an outcome.
 *
 * - Agent, tool, task, nested workflow: every required key of `writes`, with `done` and with outcomes of its own. A key that is only sometimes
 *   written belongs into the state as optional.
 * - Approval: the required keys of its response schema, with outcomes that must bring an answer: not with `rejected`, `expired`,
 *   `asked`. Edited keys are not certain, since a person need not touch every one.
 * - Nothing with `failed`, `timeout`, `unknown`, and `exhausted` of an agent or a nested workflow: these bring no patch.
 */
export function certainWrites(graph: Graph, node: NodeRecord, outcome: string): ReadonlySet<string> {
  if (withoutPatch.has(outcome) || node.writes.length === 0) return none
  if (outcome === 'exhausted' && (node.kind === 'agent' || node.kind === 'workflow')) return none
  if (node.kind !== 'approval') return new Set(node.writes.filter((key) => graph.state[key]?.optional === false))
  const required = node.responseSchema?.['required']
  if (withoutAnswer.has(outcome) || !Array.isArray(required)) return none
  return new Set(node.writes.filter((key) => required.includes(key)))
}

/** True when an end with this outcome may bring a patch. */
export function mayWrite(outcome: string): boolean {
  return !withoutPatch.has(outcome)
}
