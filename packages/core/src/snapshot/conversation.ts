import type { Extent } from '../define/history.ts'
import type { AgentEntry, AgentMemory } from './snapshot.ts'

/**
 * An answer of a model with everything that belongs to it: the results of the calls it asked for, and what it was told to mend.
 * The smallest part of a conversation that can be taken away.
 */
interface Answer {
  /** Where it begins among the entries. */
  readonly at: number
  /** Where the input of its visit stands; -1: that is told apart from the entries. */
  readonly inputAt: number
  /** Where stands what its visit was handed over with; -1: it was not. */
  readonly handoffAt: number
}

/** A conversation in two parts; no call stands apart from its result. Oldest first. */
export interface CutConversation {
  /** What is taken away, and what the visits of it began with. */
  readonly told: readonly AgentEntry[]
  /** The newest answers, each visit's with what it began with. */
  readonly kept: readonly AgentEntry[]
}

/** Bytes of JSON text that are taken for a token where nothing was reported. */
const bytesPerToken = 4

/** True when a conversation is larger than an extent. */
export function isOver(memory: AgentMemory, extent: Extent): boolean {
  return 'answers' in extent ? answersIn(memory.entries).length > extent.answers : tokensOf(memory) > extent.tokens
}

/**
 * Cuts a conversation to an extent, at least one answer, between answers.
 *
 * @returns undefined when nothing would be taken away but a summary
 */
export function cutConversation(memory: AgentMemory, extent: Extent): CutConversation | undefined {
  const answers = answersIn(memory.entries)
  const index = answers.length - answersWithin(memory, answers, extent)
  return index <= 0 ? undefined : splitBefore(memory.entries, answers, index)
}

/**
 * Tokens of a conversation: as the model reported them for its last call, answer included, and 4 bytes a token for what came after it.
 */
export function tokensOf({ entries, tokens }: AgentMemory): number {
  return tokens === undefined ? estimate(entries) : tokens.count + estimate(entries.slice(tokens.upTo))
}

/** What a part of a conversation counts, measured as the whole is. Whole tokens, 1 or more. */
export function tokensOfPart(memory: AgentMemory, part: readonly AgentEntry[]): number {
  return Math.max(1, Math.round(estimate(part) * scaleOf(memory)))
}

/** @param index - of the first answer that is kept, from 1 */
function splitBefore(
  entries: readonly AgentEntry[],
  answers: readonly Answer[],
  index: number,
): CutConversation | undefined {
  const [last, first] = [answers[index - 1], answers[index]]
  if (last === undefined || first === undefined) return undefined
  const isNewVisit = first.inputAt > last.at
  const modelAt = entries.findLastIndex((entry, at) => at < first.at && 'type' in entry && entry.type === 'model')
  return {
    told: entries.slice(0, isNewVisit ? first.inputAt : first.at),
    kept: entries.filter((_, at) => at >= first.at || [first.inputAt, first.handoffAt, modelAt].includes(at)),
  }
}

function answersIn(entries: readonly AgentEntry[]): readonly Answer[] {
  const answers: Answer[] = []
  let inputAt = -1
  let handoffAt = -1
  for (const [index, entry] of entries.entries()) {
    if ('role' in entry) answers.push({ at: index, inputAt, handoffAt })
    else if (entry.type === 'handoff') handoffAt = index
    else if (entry.type === 'input') {
      inputAt = index
      handoffAt = -1
    }
  }
  return answers
}

/** How many of the newest answers an extent holds; at least one. */
function answersWithin(memory: AgentMemory, answers: readonly Answer[], extent: Extent): number {
  if ('answers' in extent) return extent.answers
  const scale = scaleOf(memory)
  let end = memory.entries.length
  let tokens = 0
  let count = 0
  for (const { at } of answers.toReversed()) {
    tokens += estimate(memory.entries.slice(at, end)) * scale
    if (count > 0 && tokens > extent.tokens) return count
    end = at
    count += 1
  }
  return count
}

/** Tokens as counted for each token as estimated. */
function scaleOf(memory: AgentMemory): number {
  const estimated = estimate(memory.entries)
  return estimated === 0 ? 1 : tokensOf(memory) / estimated
}

const encoder = new TextEncoder()

function estimate(entries: readonly AgentEntry[]): number {
  let bytes = 0
  for (const entry of entries) bytes += encoder.encode(JSON.stringify(visiblePart(entry))).length
  return Math.ceil(bytes / bytesPerToken)
}

/** A provider's own items are often encrypted: their length says nothing. */
function visiblePart(entry: AgentEntry): unknown {
  return 'role' in entry ? [entry.content, entry.calls] : entry
}
