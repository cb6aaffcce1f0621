import type { CompiledWorkflow } from '@waystone/core'
import { changedAfter, recompiled, withContext, withNodes } from './plants-shared.ts'

/** Compiled with one more for each edge limit, under the author's name and hash. */
export function withLooserLimits(spec: CompiledWorkflow): CompiledWorkflow {
  return recompiled(spec, ({ edges }) => ({
    edges: edges.map((edge) =>
      edge.limit === null ? edge : { ...edge, limit: { ...edge.limit, max: edge.limit.max + 1 } },
    ),
  }))
}

/** Compiled with tools that are offered at any time, in any order, as often as a model likes. */
export function withoutToolRules(spec: CompiledWorkflow): CompiledWorkflow {
  return withNodes(spec, (node) => {
    if (node.kind !== 'agent' || node.toolRules === undefined) return node
    const kept = new Set(['effect', 'approval', 'retry', 'alternates', 'otherwise'])
    const toolRules = Object.fromEntries(
      Object.entries(node.toolRules).map(([tool, rule]) => [
        tool,
        Object.fromEntries(Object.entries(rule).filter(([name]) => kept.has(name))),
      ]),
    )
    return { ...node, toolRules }
  })
}

/** Compiled with tools whose results are not kept. */
export function withoutCache(spec: CompiledWorkflow): CompiledWorkflow {
  return recompiled(spec, ({ tools }) => ({
    tools: Object.fromEntries(Object.entries(tools).map(([name, tool]) => [name, { ...tool, cache: false as const }])),
  }))
}

/** Runs that forget how they were degraded. */
export function withoutMarks(spec: CompiledWorkflow): CompiledWorkflow {
  return changedAfter(spec, (next) => {
    const { degraded: _, ...rest } = next.context
    return withContext(next, rest)
  })
}
