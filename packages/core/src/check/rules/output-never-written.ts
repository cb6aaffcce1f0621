import { errorAt, type Rule } from '../rule.ts'

/** Every output key is input or written by some node. */
export const outputNeverWritten: Rule = ({ graph }) => {
  const written = new Set([...graph.inputKeys, ...Object.values(graph.nodes).flatMap((node) => node.writes)])
  return graph.output
    .filter((key) => !written.has(key))
    .map((key) =>
      errorAt('WAYSTONE_DEFINITION_OUTPUT_NEVER_WRITTEN', {
        place: graph.place,
        message: `output key "${key}" is neither input nor written by any node`,
        hint: `Add "${key}" to the writes of the node that makes it, or take it out of output.`,
      }),
    )
}
