import { own } from '../base/own.ts'
import type { AgentRecord, NodeRecord } from '../graph/graph.ts'
import { cutConversation, isOver, tokensOfPart, type CutConversation } from '../snapshot/conversation.ts'
import type { EffectEnd } from '../snapshot/event.ts'
import type { AgentEntry, AgentMemory, ConversationSummary, RunContext, StepKind } from '../snapshot/snapshot.ts'
import type { UsageDelta } from '../snapshot/usage.ts'
import { modelReservation, type Need } from './limits.ts'

/** What a node that is about to ask its model opens first. */
export interface NextCall {
  readonly kind: Extract<StepKind, 'model' | 'summary'>
  readonly reserved: UsageDelta
  /** The node's private memory then; undefined: as it is. */
  readonly memory?: AgentMemory
}

/**
 * The model call that comes next: a summary when the conversation has grown over what the node allows, else an answer. What is
 * only forgotten is cut here. Asked at cut points: when no call of the node is without its result.
 */
export function nextCall(context: RunContext, record: NodeRecord): NextCall {
  const answer: NextCall = { kind: 'model', reserved: modelReservation(record, context) }
  const memory = own(context.private, record.id)
  if (record.kind !== 'agent' || record.history === undefined || memory === undefined) return answer
  const cut = dueCut(record, memory)
  if (cut === undefined) return answer
  if (record.history.summary === null) return { ...answer, memory: withKept(memory, cut.kept) }
  // The last call of a visit is for an answer.
  if (memory.hasNoSummary === true || !leavesAnAnswer(record, memory)) return answer
  return { kind: 'summary', reserved: summaryReservation(record, context) }
}

/** What the next model call of a node needs. */
export function nextNeed(context: RunContext, record: NodeRecord): Need {
  return { steps: 1, reserved: nextCall(context, record).reserved }
}

/** True when a visit may make a further model call beside one for its answer. */
export function leavesAnAnswer(record: AgentRecord, { modelCalls }: AgentMemory): boolean {
  return modelCalls + 2 <= record.maxModelCalls
}

/** What an agent's conversation loses now, and what stays of it; undefined: nothing is due. */
export function dueCut({ history }: AgentRecord, memory: AgentMemory): CutConversation | undefined {
  if (history === undefined || !isOver(memory, history.over)) return undefined
  return cutConversation(memory, history.keep)
}

/** The memory after a summary took the place of what is older. */
export function summarised(record: AgentRecord, memory: AgentMemory, summary: ConversationSummary): AgentMemory {
  const cut = dueCut(record, memory)
  return cut === undefined ? memory : withKept(memory, [summary, ...cut.kept])
}

/** The memory after a summary that failed for good: as its node says; undefined: the node fails. */
export function unsummarised(record: AgentRecord, memory: AgentMemory): AgentMemory | undefined {
  const otherwise = record.history?.summary?.otherwise ?? 'keep'
  if (otherwise === 'fail') return undefined
  const cut = otherwise === 'forget' ? dueCut(record, memory) : undefined
  return cut === undefined ? Object.freeze({ ...memory, hasNoSummary: true }) : withKept(memory, cut.kept)
}

/** What an answer counts, for conversations that are cut by tokens. */
export function withReported(
  record: NodeRecord,
  memory: AgentMemory,
  { usage }: Pick<EffectEnd, 'usage'>,
): AgentMemory {
  if (record.kind !== 'agent' || record.history === undefined || !countsTokens(record.history)) return memory
  const { tokens: _, ...rest } = memory
  if (usage === undefined || usage.estimatedCalls !== undefined) return rest
  const count = (usage.inputTokens ?? 0) + (usage.outputTokens ?? 0)
  return count === 0 ? rest : { ...rest, tokens: Object.freeze({ upTo: memory.entries.length, count }) }
}

function countsTokens({ over, keep }: NonNullable<AgentRecord['history']>): boolean {
  return 'tokens' in over || 'tokens' in keep
}

function withKept(memory: AgentMemory, kept: readonly AgentEntry[]): AgentMemory {
  const { tokens, ...rest } = memory
  const entries = Object.freeze([...kept])
  return Object.freeze({
    ...rest,
    entries,
    ...(tokens !== undefined && {
      tokens: Object.freeze({ upTo: entries.length, count: tokensOfPart(memory, entries) }),
    }),
  })
}

function summaryReservation({ id, history }: AgentRecord, { callCosts }: RunContext): UsageDelta {
  const costUsd = callCosts?.[id] ?? 0
  const inputTokens = history?.summary?.maxInputTokens ?? 0
  const outputTokens = history?.summary?.maxOutputTokens ?? 0
  return Object.freeze({
    modelCalls: 1,
    ...(inputTokens > 0 && { inputTokens }),
    ...(outputTokens > 0 && { outputTokens }),
    ...(costUsd > 0 && { costUsd }),
  })
}
