import { own } from '../base/own.ts'
import { modelTermsOf } from '../graph/asked-models.ts'
import type { FallbackReason } from '../define/fallback.ts'
import type { NodeRecord } from '../graph/graph.ts'
import type { AgentEntry, RunContext } from '../snapshot/snapshot.ts'
import type { StepEnd } from './step-end.ts'

const defaultReasons: readonly FallbackReason[] = Object.freeze(['failure'])

/** Which of a node's models is asked now: 0 its own, from 1 its fallbacks. The one that answered is asked for the rest of the visit. */
export function modelAsked(context: RunContext, node: string): number {
  return own(context.private, node)?.model ?? 0
}

/** The model to ask next for a reason; undefined: none. */
export function nextModel(record: NodeRecord, asked: number, reason: FallbackReason): number | undefined {
  const terms = modelTermsOf(record)
  if (terms?.fallbacks === undefined || asked >= terms.fallbacks.length) return undefined
  return (terms.fallbackOn ?? defaultReasons).includes(reason) ? asked + 1 : undefined
}

/** Why another model might do better after this end of a model call; undefined: none would. */
export function fallbackReason({ step, end }: StepEnd): FallbackReason | undefined {
  if (step.kind !== 'model' || end.message !== undefined) return undefined
  return end.outcome === 'timeout' ? 'failure' : end.fallback
}

/** Adds an answer, and before it which model gave it when that is another than of the answer before. */
export function withAnswer(
  record: NodeRecord,
  entries: readonly AgentEntry[],
  answer: { readonly message: AgentEntry; readonly model: number },
): readonly AgentEntry[] {
  const hasFallbacks = modelTermsOf(record)?.fallbacks !== undefined
  const isSame = !hasFallbacks || lastModel(entries) === answer.model
  return Object.freeze(
    isSame
      ? [...entries, answer.message]
      : [...entries, Object.freeze({ type: 'model', model: answer.model } as const), answer.message],
  )
}

function lastModel(entries: readonly AgentEntry[]): number {
  const last = entries.findLast((entry) => 'type' in entry && entry.type === 'model')
  return last !== undefined && 'type' in last && last.type === 'model' ? last.model : 0
}
