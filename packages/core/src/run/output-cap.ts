import type { Json } from '../base/json.ts'
import { jsonSize, utf8Start } from '../base/json-size.ts'
import { own } from '../base/own.ts'
import { nodeError } from '../errors/node-error.ts'
import { defaultMaxOutputBytes, type Graph } from '../graph/graph.ts'

/** How an output exceeds what its tool allows; undefined: it does not. Cost: O(the output, at most what is allowed). */
function excessOf(graph: Graph, tool: string, output: Json): { readonly cap: number } | undefined {
  const cap = own(graph.tools, tool)?.maxOutputBytes ?? defaultMaxOutputBytes
  return jsonSize(output, cap) > cap ? { cap } : undefined
}

/**
 * Refuses an output that is too large for the state or a checkpoint: a part of it would not be what its schema says.
 *
 * @throws {NodeError} WAYSTONE_NODE_OUTPUT_TOO_LARGE
 */
export function refuseLarge(graph: Graph, tool: string, output: Json): void {
  const excess = excessOf(graph, tool, output)
  if (excess === undefined) return
  const bytes = jsonSize(output, Number.POSITIVE_INFINITY)
  throw nodeError(
    'WAYSTONE_NODE_OUTPUT_TOO_LARGE',
    `the output of tool ${JSON.stringify(tool)} has ${bytes} bytes of JSON; at most ${excess.cap} are allowed (maxOutputBytes)`,
    { details: { tool, bytes, maxOutputBytes: excess.cap } },
  )
}

/**
 * What a model is told of an output: all of it, or its beginning and how much there was.
 *
 * @param redact - takes secrets out: half a secret could no longer be found
 */
export function cutLarge(
  graph: Graph,
  { tool, output }: { readonly tool: string; readonly output: Json },
  redact: (output: Json) => Json,
): { readonly result: Json; readonly isCut?: true } {
  const excess = excessOf(graph, tool, output)
  if (excess === undefined) return { result: output }
  const clean = redact(output)
  const text = typeof clean === 'string' ? clean : JSON.stringify(clean)
  const bytes = jsonSize(text, Number.POSITIVE_INFINITY) - 2
  if (bytes <= excess.cap) return { result: clean }
  const note = `the output has ${bytes} bytes; these are the first ${excess.cap}, the rest was left out`
  return { result: { cut: note, beginning: utf8Start(text, excess.cap) }, isCut: true }
}
