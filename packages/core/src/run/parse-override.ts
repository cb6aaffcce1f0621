import { own } from '../base/own.ts'
import type { ErrorCode } from '../errors/codes.ts'
import { inputError } from '../errors/input-error.ts'
import type { Graph } from '../graph/graph.ts'
import { describeValue } from '../graph/issues.ts'
import { graphsOf } from '../graph/nested-graphs.ts'

/** Who makes a move and why: texts that say something. @throws {InputError} `code` */
export function requireMover(
  given: { readonly by: unknown; readonly reason: unknown },
  what: string,
  code: ErrorCode,
): void {
  for (const name of ['by', 'reason'] as const) {
    const value = given[name]
    if (typeof value === 'string' && value.trim() !== '') continue
    const found = `\`${name}\` is ${describeValue(value)}; allowed is a text that is not empty`
    throw inputError(code, `a ${what} says who makes it and why: ${found}`)
  }
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
  if (!Array.isArray(override) || !override.every((tool) => typeof tool === 'string'))
    throw inputError(
      code,
      `\`override\` of a ${what} is ${describeValue(override)}; allowed is a list of names of tools`,
    )
  const graphs = graphsOf(graph)
  const unknown = override.filter((tool) => graphs.every(({ tools }) => own(tools, tool) === undefined))
  if (unknown.length > 0)
    throw inputError(code, `the ${what} overrides ${unknown.join(', ')}, which is no tool of the workflow`)
  return override.length === 0 ? {} : { override: [...new Set(override)] }
}
