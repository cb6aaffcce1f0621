import { pathToFileURL } from 'node:url'
import { buildGraph, type Workflow } from '@waystone/core'

/** Prints, by file, the hashes of its workflow and the line of each edge. */
const printed: { [file: string]: unknown } = {}
for (const file of process.argv.slice(2)) {
  const { refunds } = (await import(pathToFileURL(file).href)) as { readonly refunds: Workflow }
  const { graph, hashes } = buildGraph(refunds)
  const lines = Object.fromEntries(graph.edges.map(({ id, place }) => [id, `${place.file}:${place.line}`]))
  printed[file] = { hashes, lines }
}
process.stdout.write(JSON.stringify(printed))
