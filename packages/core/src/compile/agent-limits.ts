import { own } from '../base/own.ts'
import { agentLimitNames, type AgentRecord, type NodeRecord } from '../graph/graph.ts'
import type { RunContext } from '../snapshot/snapshot.ts'
import { addUsage, type UsageDelta } from '../snapshot/usage.ts'
import { amountIn, hitOf, partOf, type LimitHit, type Need } from './limits.ts'
import { closeSteps, withContext, withKey } from './steps.ts'

/** Counts what an attempt used for the visit of its agent, when that has limits of its own. */
export function tally(context: RunContext, record: NodeRecord, usage: UsageDelta | undefined): RunContext {
  const memory = own(context.private, record.id)
  if (memory?.used === undefined || usage === undefined) return context
  const counted = Object.freeze({ ...memory, used: addUsage(memory.used, usage) })
  return withContext(context, { private: withKey(context.private, record.id, counted) })
}

/** The first limit of an agent's own, in the order of `agentLimitNames`, that a move inside it would break; undefined: none. */
export function findAgentLimitHit(
  record: NodeRecord,
  context: RunContext,
  move: { readonly need: Need; readonly at: number | undefined },
): (LimitHit & { readonly node: string }) | undefined {
  const limits = record.kind === 'agent' ? record.limits : undefined
  const memory = own(context.private, record.id)
  if (limits === undefined || memory?.used === undefined) return undefined
  for (const name of agentLimitNames) {
    const bound = limits[name]
    if (bound === undefined) continue
    const hit =
      name === 'durationMs'
        ? timeHit(bound.max, memory.since, move.at)
        : hitOf(name, bound, {
            used: partOf(memory.used, name),
            reserved: reservedBy(record, context, name),
            need: move.need,
          })
    if (hit !== undefined) return { ...hit, node: record.id }
  }
  return undefined
}

/** The hit of an agent whose time is over. */
export function visitOver(record: AgentRecord, context: RunContext, at: number): LimitHit & { readonly node: string } {
  const max = record.limits?.durationMs?.max ?? 0
  const since = own(context.private, record.id)?.since ?? at
  return { name: 'durationMs', used: at - since, max, node: record.id }
}

function timeHit(max: number, since: number | undefined, at: number | undefined): LimitHit | undefined {
  const used = at === undefined || since === undefined ? 0 : at - since
  return used > max ? { name: 'durationMs', used, max } : undefined
}

function reservedBy(record: NodeRecord, context: RunContext, name: LimitHit['name']): number {
  let sum = 0
  for (const index in context.open) {
    const step = context.open[index]
    if (step?.node === record.id) sum += amountIn(step, name)
  }
  return sum
}

/** Moves what an agent has open to `closing`; what only waited for a person is dropped. */
export function closeAgent(context: RunContext, node: string): RunContext {
  return closeSteps(context, new Set([node]), 'abort')
}
