import type { AgentRecord, GateRecord, ModelTerms, NodeRecord } from './graph.ts'

/** What shapes a node's model calls, the same for agents and for gates with a reviewer; null for nodes that ask none. */
export function modelTermsOf(record: NodeRecord): ModelTerms | null {
  if (record.kind === 'agent') return record
  return record.kind === 'gate' ? record.reviewer : null
}

/** Names of the models a node may ask: its own, then its fallbacks in their order. Empty for nodes that ask none. */
export function modelsOf(record: NodeRecord): readonly string[] {
  const terms = modelTermsOf(record)
  return terms === null ? [] : [terms.model, ...(terms.fallbacks ?? []).map(({ model }) => model)]
}

/**
 * Name of one of a node's models.
 *
 * @param fallback - 0: its own; from 1: its fallbacks. Beyond the last, which a changed workflow may have: the last.
 */
export function modelAt(record: AgentRecord | GateRecord, fallback: number): string {
  const names = modelsOf(record)
  return names[Math.min(fallback, names.length - 1)] ?? ''
}

/** The model that writes the summaries of an agent's conversation; undefined: nobody does. */
function summaryModelOf(record: NodeRecord): string | undefined {
  return record.kind === 'agent' ? record.history?.summary?.model : undefined
}

/** The name by which a step of a node asks its model. @param step - `model`: as in {@link modelAt} */
export function modelOfStep(
  record: AgentRecord | GateRecord,
  step: { readonly kind: string; readonly model?: number },
): string {
  return step.kind === 'summary' ? (summaryModelOf(record) ?? '') : modelAt(record, step.model ?? 0)
}

/** Every model that must be bound for a node, each once. Order: its own, its fallbacks, who writes summaries. */
export function everyModelOf(record: NodeRecord): readonly string[] {
  const summary = summaryModelOf(record)
  return [...new Set([...modelsOf(record), ...(summary === undefined ? [] : [summary])])]
}
