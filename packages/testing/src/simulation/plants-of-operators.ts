import type { CompiledWorkflow } from '@waystone/core'
import { recompiled, withNodes } from './plants-shared.ts'

/** Compiled as if no policy had been written, under the author's name and hash. */
export function withoutPolicies(spec: CompiledWorkflow): CompiledWorkflow {
  return recompiled(spec, () => ({ policies: [] }))
}

/** Compiled with every node open to redirects. */
export function withOpenDoors(spec: CompiledWorkflow): CompiledWorkflow {
  return withNodes(spec, (node) => (node.kind === 'join' ? node : { ...node, isRedirectable: true }))
}

/** Compiled with every approval of calls taken out, under the author's name and hash. */
export function withoutQuestions(spec: CompiledWorkflow): CompiledWorkflow {
  return withNodes(spec, (node) => {
    if (node.kind !== 'agent') return node
    const toolRules = Object.fromEntries(
      node.tools.map((tool) => [tool, { ...node.toolRules?.[tool], approval: null }]),
    )
    return { ...node, toolRules }
  })
}
