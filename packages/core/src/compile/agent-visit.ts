import { own } from '../base/own.ts'
import type { NodeRecord } from '../graph/graph.ts'
import type { AgentMemory, OpenStep, RunContext } from '../snapshot/snapshot.ts'
import { noUsage } from '../snapshot/usage.ts'

/** What a visit of an agent begins with when it has limits of its own. */
export function freshTally(record: NodeRecord, at: number): Pick<AgentMemory, 'used' | 'since'> {
  return record.kind === 'agent' && record.limits !== undefined ? { used: noUsage, since: at } : {}
}

/** When the time of an agent's visit ends, ms since the epoch; nothing: it has no such limit. */
export function visitEnd(context: RunContext, record: NodeRecord): Pick<OpenStep, 'limitAt'> {
  const bound = record.kind === 'agent' ? record.limits?.durationMs : undefined
  const since = own(context.private, record.id)?.since
  return bound === undefined || since === undefined ? {} : { limitAt: since + bound.max }
}
