import type { CompiledWorkflow } from '@waystone/core'
import { recompiled, withNodes } from './plants-shared.ts'

/** Compiled with nodes outside of groups that read everything, under the author's name and hash. */
export function readingPrivateKeys(spec: CompiledWorkflow): CompiledWorkflow {
  const keys = Object.values(spec.graph.groups ?? {}).flatMap((group) => group.keys)
  return withNodes(spec, (node) => (node.group === undefined ? { ...node, reads: [...node.reads, ...keys] } : node))
}

/** Compiled with nodes of one group that read what is private to another. */
export function readingAcrossGroups(spec: CompiledWorkflow): CompiledWorkflow {
  const groups = Object.entries(spec.graph.groups ?? {})
  return withNodes(spec, (node) => {
    const others = groups.flatMap(([name, group]) => (name === node.group ? [] : group.keys))
    return node.group === undefined ? node : { ...node, reads: [...node.reads, ...others] }
  })
}

/** Compiled with one transition more before a run counts as stalled. */
export function withPatience(spec: CompiledWorkflow): CompiledWorkflow {
  return recompiled(spec, ({ limits }) =>
    limits.stall === undefined
      ? {}
      : { limits: { ...limits, stall: { ...limits.stall, transitions: limits.stall.transitions + 1 } } },
  )
}

/** Compiled with groups that have nothing of their own, under the author's name and hash. */
export function withoutOwnStores(spec: CompiledWorkflow): CompiledWorkflow {
  return recompiled(spec, ({ groups }) =>
    groups === undefined
      ? {}
      : { groups: Object.fromEntries(Object.entries(groups).map(([name, group]) => [name, { ...group, own: [] }])) },
  )
}
