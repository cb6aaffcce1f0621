/**
 * A text about a workflow that was made for the items of a map, with its nodes by their paths: who reads it wrote a map, and no node "agent".
 *
 * @param name - of the workflow; that of a made one is `map:what`, which no author can write
 * @param nodes - of the workflow
 */
export function inMadeWorkflow(name: string, nodes: readonly string[], text: string): string {
  const colon = name.indexOf(':')
  if (colon === -1) return text
  const map = name.slice(0, colon)
  return nodes.reduce(
    // Names of nodes are letters, digits, _ and -: they are their own pattern.
    (told, node) =>
      told.replaceAll(new RegExp(`(?<!\\b(?:tool|model|key|secret|guard) )"${node}"`, 'g'), `"${map}/${node}"`),
    text,
  )
}
