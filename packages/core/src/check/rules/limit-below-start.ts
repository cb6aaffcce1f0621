import { modelTermsOf } from '../../graph/asked-models.ts'
import { limitNames, type LimitName, type NodeRecord } from '../../graph/graph.ts'
import { errorAt, type Rule } from '../rule.ts'

/** A limit is a guard on the way to a node, and nothing leads to the start: what it needs at once must be allowed. */
export const limitBelowStart: Rule = ({ graph }) => {
  const start = graph.nodes[graph.start]
  if (start === undefined) return []
  return limitNames.flatMap((name) => {
    const bound = graph.limits.bounds[name]
    const need = needOf(start, name)
    if (bound === undefined || need <= bound.max || (bound.check === 'after' && bound.max > 0)) return []
    return [
      errorAt('WAYSTONE_DEFINITION_BAD_LIMIT', {
        place: graph.limits.place,
        message: `limit ${name} is ${bound.max}, and the run starts with "${start.id}", which needs ${need}`,
        hint: `Allow ${need} or more, or start with another node.`,
      }),
    ]
  })
}

function needOf(start: NodeRecord, name: LimitName): number {
  if (name === 'steps') return 1
  if (name === 'toolCalls') return start.kind === 'tool' ? 1 : 0
  const caps = modelTermsOf(start)
  if (caps === null) return 0
  const inputTokens = caps.maxInputTokens ?? 0
  const outputTokens = caps.maxOutputTokens ?? 0
  if (name === 'modelCalls') return 1
  if (name === 'tokens') return inputTokens + outputTokens
  if (name === 'inputTokens') return inputTokens
  return name === 'outputTokens' ? outputTokens : 0
}
