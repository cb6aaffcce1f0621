import { everyModelUse, priceOf } from '../model-use.ts'
import { errorAt, listNames, type Rule } from '../rule.ts'

/** A bound on cost needs a price for every model asked, once anything of the environment is given; no run starts without them. */
export const costUnknown: Rule = ({ graph }, options) => {
  const bound = graph.limits.bounds.costUsd
  if (bound === undefined || (options.models === undefined && options.prices === undefined)) return []
  const asked = [...new Set(everyModelUse(graph).flatMap((use) => use.models))]
  const missing = asked.filter((model) => priceOf(model, options) === null)
  if (missing.length === 0) return []
  const names = Object.keys(options.prices ?? {})
  return [
    errorAt('WAYSTONE_DEFINITION_COST_UNKNOWN', {
      place: graph.limits.place,
      message: `limits.costUsd is ${bound.max}, but there is no price for ${listNames(missing)}; prices are given for ${listNames(names)}`,
      hint: "Give prices in waystone.config.ts or createRuntime, by the name agents use or by the model's own, or take costUsd out of the limits.",
    }),
  ]
}
