import { modelTermsOf } from '../../graph/asked-models.ts'
import { modelUses } from '../model-use.ts'
import type { Finding } from '../report.ts'
import { errorAt, type Rule } from '../rule.ts'
import { modelSchemaFaults } from '../schema-faults.ts'

/**
 * Models can be asked for what nodes want of them: output is an object whose properties are all required, without records,
 * tuples or open objects anywhere; arguments of an agent's tools are an object.
 */
export const modelSchema: Rule = ({ graph }) => {
  const outputs = modelUses(graph).flatMap(({ node }): Finding[] => {
    const schema = modelTermsOf(node)?.outputSchema ?? null
    return (schema === null ? [] : modelSchemaFaults(schema)).map((fault) =>
      errorAt('WAYSTONE_DEFINITION_MODEL_SCHEMA', {
        place: node.place,
        message: `the output schema of "${node.id}" has ${fault.found} at ${fault.at}, which a model cannot be asked for`,
        hint: fault.hint,
      }),
    )
  })
  const offered = new Set(Object.values(graph.nodes).flatMap((node) => (node.kind === 'agent' ? node.tools : [])))
  const inputs = Object.values(graph.tools).flatMap((tool): Finding[] => {
    if (!offered.has(tool.name) || tool.inputSchema['type'] === 'object') return []
    return [
      errorAt('WAYSTONE_DEFINITION_MODEL_SCHEMA', {
        place: tool.place,
        message: `the input schema of tool "${tool.name}", which a model is offered, is not an object`,
        hint: 'Wrap the input in z.object({ … }).',
      }),
    ]
  })
  return [...outputs, ...inputs]
}
