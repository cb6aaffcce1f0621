import { errorAt, listNames, type Rule } from '../rule.ts'
import { modelUses } from '../model-use.ts'

/** Every model that a node asks is bound, when bound models are given. */
export const modelUnbound: Rule = ({ graph }, { models }) => {
  if (models === undefined) return []
  return modelUses(graph)
    .flatMap(({ node, models: asked }) => asked.map((model) => ({ node, model })))
    .filter(({ model }) => !Object.hasOwn(models, model))
    .map(({ node, model }) =>
      errorAt('WAYSTONE_DEFINITION_MODEL_UNBOUND', {
        place: node.place,
        message: `node "${node.id}" asks model "${model}", which is not bound; bound are ${listNames(Object.keys(models))}`,
        hint: `Bind "${model}" in models of waystone.config.ts or createRuntime.`,
      }),
    )
}
