import { modelTermsOf } from '../../graph/asked-models.ts'
import { limitNames, type LimitName, type LimitRecord, type NodeRecord } from '../../graph/graph.ts'
import { costPerCall } from '../bounds/work.ts'
import { nanoUsd } from '../call-cost.ts'
import { modelUseOf } from '../model-use.ts'
import { limitedNodes } from '../needed-calls.ts'
import { errorAt, warningAt, type CheckOptions, type Rule } from '../rule.ts'

/**
 * A limit is a guard on the way to a node, and nothing leads to the start: what it needs at once must be allowed. The same holds
 * of an agent's own limits and its first model call.
 */
export const limitBelowStart: Rule = ({ graph }, options) => {
  const start = graph.nodes[graph.start]
  const atStart = start === undefined ? [] : below(graph.limits.bounds, (name) => needOf(start, name, options))
  const found = atStart.map(({ name, need, max }) =>
    errorAt('WAYSTONE_DEFINITION_BAD_LIMIT', {
      place: graph.limits.place,
      message: `limit ${name} is ${max}, and the run starts with "${graph.start}", which needs ${need}`,
      hint: `Allow ${need} or more, or start with another node.`,
    }),
  )
  const agents = Object.values(graph.nodes).flatMap((node) => {
    const limits = node.kind === 'agent' ? (node.limits ?? {}) : {}
    return below(limits, (name) => needOf(node, name, options)).map(({ name, need, max }) =>
      errorAt('WAYSTONE_DEFINITION_BAD_LIMIT', {
        place: node.place,
        message: `limit ${name} of agent "${node.id}" is ${max}, and one model call of it needs ${need}`,
        hint: `Allow ${need} or more, or bound what one call may use with maxInputTokens and maxOutputTokens.`,
      }),
    )
  })
  return [...found, ...agents]
}

/**
 * A call that alone needs more than a limit of the workflow allows is never made. Where no path to an end does without it, no run can keep the limit.
 *
 * The start is left to {@link limitBelowStart}.
 */
export const limitBelowCall: Rule = (subject, options) => {
  const { graph } = subject
  return limitedNodes(subject)
    .filter(({ path }) => path !== graph.start)
    .flatMap((one) => {
      const found = below(graph.limits.bounds, (name) => (name === 'steps' ? 0 : needOf(one.node, name, options)))
      if (found.length === 0) return []
      return found.map(({ name, need, max }) => {
        const isNeeded = one.isNeeded(name)
        const call = `one ${one.node.kind === 'tool' ? 'tool' : 'model'} call of "${one.path}" needs ${need}`
        return (isNeeded ? errorAt : warningAt)('WAYSTONE_DEFINITION_LIMIT_BELOW_CALL', {
          place: graph.limits.place,
          message: isNeeded
            ? `limit ${name} is ${max}, and ${call}, which every path from start "${graph.start}" to an end leads to`
            : `limit ${name} is ${max}, and ${call}: it is never made, and a run that gets there has hit the limit`,
          hint: `Allow ${need} or more${need > 1 || name === 'costUsd' ? ', or lower maxInputTokens and maxOutputTokens of the node' : ', or take the node out'}.`,
        })
      })
    })
}

interface Below {
  readonly name: LimitName
  readonly need: number
  readonly max: number
}

function below(
  bounds: { readonly [name in LimitName]?: LimitRecord },
  needs: (name: LimitName) => number,
): readonly Below[] {
  return limitNames.flatMap((name) => {
    const bound = bounds[name]
    const need = needs(name)
    const isAllowed = bound === undefined || need <= bound.max || (bound.check === 'after' && bound.max > 0)
    return isAllowed ? [] : [{ name, need, max: bound.max }]
  })
}

function needOf(node: NodeRecord, name: LimitName, options: CheckOptions): number {
  if (name === 'steps') return 1
  if (name === 'toolCalls') return node.kind === 'tool' ? 1 : 0
  const use = modelUseOf(node)
  if (use === null) return 0
  const terms = modelTermsOf(node)
  const inputTokens = terms?.maxInputTokens ?? 0
  const outputTokens = terms?.maxOutputTokens ?? 0
  if (name === 'modelCalls') return 1
  if (name === 'tokens') return inputTokens + outputTokens
  if (name === 'inputTokens') return inputTokens
  if (name === 'outputTokens') return outputTokens
  const cost = name === 'costUsd' ? costPerCall(use, options) : 0
  return typeof cost === 'number' ? cost / nanoUsd : 0
}
