import type { Store } from '../checkpoint/store.ts'
import { StoreError } from '../errors/store-error.ts'
import type { Graph, PolicyRecord } from '../graph/graph.ts'
import type { Checkpoint } from '../snapshot/checkpoint.ts'
import type { Decision } from '../snapshot/decision.ts'
import { readHistory, type History } from './history.ts'
import { requireRow } from './read-checkpoints.ts'

/** One transition, as an auditor reads it. */
export interface AuditEntry {
  readonly sequence: number
  readonly at: number
  /** Who caused it: a node's effect, a person, an operator, the clock, the caller. */
  readonly actor: string
  readonly event: string
  readonly decision: Decision | null
}

/** What a person or operator did. */
export interface AuditPerson {
  readonly sequence: number
  readonly at: number
  readonly by: string
  readonly through: string
  readonly node: string | null
  readonly outcome: string
  readonly reason: string
}

/** How a policy fared in this run. */
export interface AuditPolicy {
  readonly policy: PolicyRecord
  /** Sequences at which the tool ran without the outcome having been crossed. Empty: it held. */
  readonly violations: readonly number[]
  /** Sequences at which the tool was asked for. */
  readonly uses: readonly number[]
}

/** Everything a run did and who decided it. */
export interface Audit {
  readonly runId: string
  readonly workflow: string
  /** Every text equals its hash, every checkpoint names the one before it, none is missing. */
  readonly chain: { readonly isIntact: boolean; readonly problem: string | null }
  readonly transitions: readonly AuditEntry[]
  readonly people: readonly AuditPerson[]
  readonly policies: readonly AuditPolicy[]
}

/**
 * Audits a run from its store alone.
 *
 * A broken chain is a result, not an error: what can be read is not trusted, so nothing else is reported then.
 *
 * @throws {StoreError} WAYSTONE_STORE_RUN_UNKNOWN, or another code than WAYSTONE_STORE_CORRUPT
 */
export async function auditRun(store: Store, runId: string): Promise<Audit> {
  const row = await requireRow(store, runId)
  const base = { runId: row.runId, workflow: row.workflow }
  try {
    const history = await readHistory(store, runId)
    return {
      ...base,
      chain: { isIntact: true, problem: null },
      transitions: history.checkpoints.map(entryOf),
      people: history.checkpoints.flatMap(peopleOf),
      policies: history.graph.policies.map((policy) => auditPolicy(history, policy)),
    }
  } catch (error) {
    if (!StoreError.isInstance(error) || error.code !== 'WAYSTONE_STORE_CORRUPT') throw error
    return { ...base, chain: { isIntact: false, problem: error.message }, transitions: [], people: [], policies: [] }
  }
}

function entryOf({ sequence, event, step, decision }: Checkpoint): AuditEntry {
  return { sequence, at: event.at, actor: actorOf(event, step?.node ?? null), event: event.type, decision }
}

function actorOf(event: Checkpoint['event'], node: string | null): string {
  switch (event.type) {
    case 'effect.ended':
      return `node ${node ?? ''}${event.payload.model === undefined ? '' : ` (${event.payload.model})`}`
    case 'request.decided':
    case 'run.forked':
    case 'run.hold':
    case 'run.release':
    case 'run.cancel':
      return event.payload.by
    case 'timer.due':
      return 'the clock'
    case 'run.started':
      return 'the caller'
  }
}

function peopleOf({ sequence, event, step }: Checkpoint): readonly AuditPerson[] {
  const node = step?.node ?? null
  if (event.type === 'request.decided') {
    const { by, through, reason, outcome } = event.payload
    return [{ sequence, at: event.at, by, through, node, outcome, reason }]
  }
  if (event.from !== 'operator') return []
  return [{ sequence, at: event.at, by: event.payload.by, through: 'operator', node, outcome: event.type, reason: event.payload.reason }]
}

/**
 * Walks a run against one policy: at each start of the tool the outcome must have been crossed since the tool last ran and
 * since the keys shown were last written; runs in which `given` was false at that time are the guard's business, and are told
 * apart by the readings of the decisions before.
 */
function auditPolicy(history: History, policy: PolicyRecord): AuditPolicy {
  const uses: number[] = []
  const violations: number[] = []
  const shown = shownKeys(history.graph, policy)
  let isCovered = false
  for (const checkpoint of history.checkpoints) {
    const { sequence, decision, step } = checkpoint
    if (sequence > 0 && writesAny(history, sequence, shown)) isCovered = false
    if (decision?.node === policy.without.node && decision.outcome === policy.without.outcome && step !== null) isCovered = true
    for (const command of checkpoint.commands) {
      if (command.type !== 'effect' || command.attempt !== 1 || toolOf(history, sequence, command.step) !== policy.never) continue
      uses.push(sequence)
      if (!isCovered && !isExcused(decision, policy)) violations.push(sequence)
      isCovered = false
    }
  }
  return { policy, uses, violations }
}

function shownKeys(graph: Graph, policy: PolicyRecord): readonly string[] {
  const record = graph.nodes[policy.without.node]
  return record?.kind === 'approval' ? record.show : []
}

function writesAny(history: History, sequence: number, keys: readonly string[]): boolean {
  const before = history.at(sequence - 1).snapshot.context.state
  const after = history.at(sequence).snapshot.context.state
  return keys.some((key) => before[key] !== after[key])
}

function toolOf(history: History, sequence: number, stepIndex: number): string | undefined {
  const step = history.at(sequence).snapshot.context.open[stepIndex]
  const record = step === undefined ? undefined : history.graph.nodes[step.node]
  return step?.tool ?? (record?.kind === 'tool' ? record.tool : undefined)
}

/** The edge taken was guarded by what makes the policy not apply: `given` read false in this very decision. */
function isExcused(decision: Decision | null, policy: PolicyRecord): boolean {
  if (policy.given === null || decision === null) return false
  const readings = new Map(decision.candidates.flatMap((candidate) => candidate.guards ?? []).map((reading) => [reading.guard, reading.result]))
  return evaluate(policy.given, readings) === false
}

function evaluate(expression: NonNullable<PolicyRecord['given']>, readings: ReadonlyMap<string, boolean>): boolean | undefined {
  if ('guard' in expression) return readings.get(expression.guard)
  if ('not' in expression) {
    const inner = evaluate(expression.not, readings)
    return inner === undefined ? undefined : !inner
  }
  const parts = ('all' in expression ? expression.all : expression.any).map((part) => evaluate(part, readings))
  const decisive = !('all' in expression)
  if (parts.includes(decisive)) return decisive
  return parts.includes(undefined) ? undefined : !decisive
}
