import type { Graph, NodeRecord } from '../graph/graph.ts'

const withoutPatch: ReadonlySet<string> = new Set(['failed', 'timeout', 'unknown'])
const withoutAnswer: ReadonlySet<string> = new Set(['rejected', 'expired', 'asked'])
const none: ReadonlySet<string> = new Set()

/**
 * The state keys that a node is sure to have written when it ends with an outcome.
 *
 * - Agent: every required key of `writes`, with `done`. Tool, task, nested workflow: these, with outcomes of its own too. A key that is only
 *   sometimes written belongs into the state as optional.
 * - Approval: the required keys of its response schema, with outcomes that must bring an answer: not with `rejected`, `expired`,
 *   `asked`. Edited keys are not certain, since a person need not touch every one.
 * - Wait: the same, when an event came; nothing when it expired.
 * - Nothing with `failed`, `timeout`, `unknown`, with `exhausted` of an agent or a nested workflow, and where an agent hands over: these bring no
 *   patch.
 */
export function certainWrites(graph: Graph, node: NodeRecord, outcome: string): ReadonlySet<string> {
  if (withoutPatch.has(outcome) || node.writes.length === 0) return none
  if (node.kind === 'agent' && outcome !== 'done') return none
  if (node.kind === 'workflow' && outcome === 'exhausted') return none
  if (node.kind === 'wait' && outcome === 'expired') return none
  if (node.kind !== 'approval') return new Set(node.writes.filter((key) => graph.state[key]?.optional === false))
  const required = node.responseSchema?.['required']
  if (withoutAnswer.has(outcome) || !Array.isArray(required)) return none
  return new Set(node.writes.filter((key) => required.includes(key)))
}

/** True when an end with this outcome may bring a patch. */
export function mayWrite(node: NodeRecord, outcome: string): boolean {
  return node.kind === 'agent' ? outcome === 'done' : !withoutPatch.has(outcome)
}
