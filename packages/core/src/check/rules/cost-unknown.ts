import { modelUses, priceOf } from '../model-use.ts'
import { errorAt, listNames, warningAt, type Rule } from '../rule.ts'

/**
 * A bound on cost needs prices, when anything of the environment is given: without any it cannot hold (error); a model whose
 * price is under neither of its names counts as free (warning).
 */
export const costUnknown: Rule = ({ graph }, options) => {
  const bound = graph.limits.bounds.costUsd
  if (bound === undefined || (options.models === undefined && options.prices === undefined)) return []
  const asked = [...new Set(modelUses(graph).map((use) => use.model))]
  const missing = asked.filter((model) => priceOf(model, options) === null)
  if (missing.length === 0) return []
  const { place } = graph.limits
  if (options.prices === undefined || Object.keys(options.prices).length === 0) {
    return [
      errorAt('WAYSTONE_DEFINITION_COST_UNKNOWN', {
        place,
        message: `limits.costUsd is ${bound.max}, but no prices are given; models asked are ${listNames(asked)}`,
        hint: 'Give prices in waystone.config.ts or createRuntime, or take costUsd out of the limits.',
      }),
    ]
  }
  return [
    warningAt('WAYSTONE_DEFINITION_COST_UNKNOWN', {
      place,
      message: `limits.costUsd is ${bound.max}, but there is no price for ${listNames(missing)}; calls of them count as free unless their provider's name for the model has a price`,
      hint: `Give prices for ${listNames(missing)}; prices are known for ${listNames(Object.keys(options.prices))}.`,
    }),
  ]
}
