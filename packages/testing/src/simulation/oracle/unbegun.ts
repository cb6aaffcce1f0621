import type { Graph, RunContext } from '@waystone/core'
import type { Passage } from './nested.ts'
import { factsOf } from './parts.ts'
import { attemptKey, type RunFacts } from './run-facts.ts'

type Open = RunContext['open'][string]

/** What certainly never began is not said to be unknown, and nobody is charged for it. */
export function followUnbegun(facts: RunFacts, { checkpoint, home, report, coverage }: Passage): void {
  const { event, usage, sequence } = checkpoint
  if (event.type !== 'effect.ended' || home === undefined) return
  const { step, attempt, outcome, error } = event.payload
  const open = home.context.open[step] ?? home.context.closing[step]
  const key = attemptKey(step, attempt)
  if (open === undefined || open.attempt !== attempt) return
  const wasAsked = facts.asked.has(key)
  const mustBeMarked = isMarked(factsOf(facts, home).spec.graph, open)
  if (wasAsked && (!mustBeMarked || facts.marks.has(key))) return
  const why = wasAsked ? 'was not marked' : 'was never asked for'
  if (outcome === 'unknown' || outcome === 'lost')
    report('unbegun-is-certain', `${key} of ${open.node} ${why} and ended ${outcome} at ${sequence}`)
  if (usage !== null) report('unbegun-is-certain', `${key} of ${open.node} ${why} and is charged at ${sequence}`)
  if (!wasAsked && error?.code === 'WAYSTONE_NODE_ABORTED') coverage.count('withheld work dropped')
}

/** Unsafe work and calls of models are marked before they begin. */
function isMarked(graph: Graph, open: Open): boolean {
  const { kind, node } = open
  if (kind === 'model' || kind === 'summary') return true
  if (kind === 'call') return effectOfCall(graph, open) === 'unsafe'
  return (kind === 'task' || kind === 'tool') && graph.nodes[node]?.effect === 'unsafe'
}

function effectOfCall(graph: Graph, { node, tool = '' }: Open): string | undefined {
  const agent = graph.nodes[node]
  const rule = agent?.kind === 'agent' ? agent.toolRules?.[tool]?.effect : undefined
  return rule ?? graph.tools[tool]?.effect
}
