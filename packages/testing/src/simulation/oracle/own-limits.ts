import type { RunContext } from '@waystone/core'
import type { Report, RunFacts } from './run-facts.ts'

/** An agent's own limits, and cost where every call has set aside what it may cost at most. */
export function checkOwnLimits({ spec, checkpoints }: RunFacts, after: RunContext, report: Report): void {
  for (const [node, { used }] of Object.entries(after.private)) {
    const record = spec.graph.nodes[node]
    if (record?.kind !== 'agent' || used === undefined) continue
    for (const name of ['modelCalls', 'toolCalls'] as const) {
      const max = record.limits?.[name]?.max
      if (max !== undefined && used[name] > max)
        report('limits-are-guards', `${name} of ${node} is ${used[name]} of ${max} after ${checkpoints.length}`)
    }
  }
  const cost = spec.graph.limits.bounds.costUsd
  if (after.exhausted !== null || after.callCosts === undefined || cost?.check !== 'before') return
  if (after.usage.costUsd > cost.max)
    report('limits-are-guards', `cost is ${after.usage.costUsd} of ${cost.max} after ${checkpoints.length}`)
}
