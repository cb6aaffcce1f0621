import { own } from '../base/own.ts'
import type { ErrorCode } from '../errors/codes.ts'
import { inputError } from '../errors/input-error.ts'
import type { Graph } from '../graph/graph.ts'
import { graphsOf } from '../graph/nested-graphs.ts'

/** Who makes a move and why; both must say something. @throws {InputError} `code` */
export function requireMover(
  { by, reason }: { readonly by: string; readonly reason: string },
  what: string,
  code: ErrorCode,
): void {
  if (by === '' || reason.trim() === '')
    throw inputError(code, `a ${what} says who makes it and why: \`by\` or \`reason\` is empty`)
}

/**
 * The tools that a move overrides, as its event holds them: each once, and nothing when there are none.
 *
 * @throws {InputError} `code` naming what is no tool of the workflow, nor of one nested in it
 */
export function parseOverride(
  graph: Graph,
  override: readonly string[],
  { what, code }: { readonly what: string; readonly code: ErrorCode },
): { readonly override?: readonly string[] } {
  const graphs = graphsOf(graph)
  const unknown = override.filter((tool) => graphs.every(({ tools }) => own(tools, tool) === undefined))
  if (unknown.length > 0)
    throw inputError(code, `the ${what} overrides ${unknown.join(', ')}, which is no tool of the workflow`)
  return override.length === 0 ? {} : { override: [...new Set(override)] }
}
