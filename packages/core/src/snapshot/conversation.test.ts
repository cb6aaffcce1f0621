import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cutConversation, isOver, tokensOf } from './conversation.ts'
import type { AgentEntry, AgentMemory } from './snapshot.ts'

const said = (text: string, ids: readonly string[] = []): AgentEntry => ({
  role: 'assistant',
  content: [{ type: 'text', text }],
  calls: ids.map((id) => ({ id, name: 'look', arguments: {} })),
  providerItems: [{ origin: 'x' }, { opaque: 'y'.repeat(400) }],
})
const input = (message: string): AgentEntry => ({ type: 'input', state: { message }, heard: {} })
const handoff = (reason: string): AgentEntry => ({ type: 'handoff', from: 'a', handoff: 'b', reason, contract: {} })
const results = (ids: readonly string[]): AgentEntry => ({
  type: 'results',
  calls: ids.map((callId) => ({ callId, tool: 'look', phase: 'done' as const, result: callId })),
})
const repair = (): AgentEntry => ({ type: 'repair', issues: ['no'] })
const memory = (entries: readonly AgentEntry[], more: Partial<AgentMemory> = {}): AgentMemory => ({
  entries,
  modelCalls: 0,
  repairs: 0,
  ...more,
})

/** What a visit can leave behind: any number of answers, with calls or something to mend, one perhaps of another model. */
const visit = fc.tuple(
  fc.string({ maxLength: 20 }),
  fc.boolean(),
  fc.array(fc.tuple(fc.nat(3), fc.boolean(), fc.constantFrom(undefined, 0, 1)), { maxLength: 4 }),
)
const conversation = fc
  .tuple(fc.boolean(), fc.array(visit, { minLength: 1, maxLength: 6 }))
  .map(([hasSummary, visits]): readonly AgentEntry[] => {
    let id = 0
    const entries = visits.flatMap(([message, isHandedOver, answers]): AgentEntry[] => [
      input(message),
      ...(isHandedOver ? [handoff(message)] : []),
      ...answers.flatMap(([count, isMended, model]): AgentEntry[] => {
        const ids = Array.from({ length: count }, () => `c${id++}`)
        const answer = [...(model === undefined ? [] : [{ type: 'model', model } as const]), said(`s${id++}`, ids)]
        if (count > 0) return [...answer, results(ids)]
        return isMended ? [...answer, repair()] : answer
      }),
    ])
    return hasSummary ? [{ type: 'summary', text: 'before', step: 1 }, ...entries] : entries
  })
const extent = fc.oneof(
  fc.integer({ min: 1, max: 8 }).map((answers) => ({ answers })),
  fc.integer({ min: 1, max: 200 }).map((tokens) => ({ tokens })),
)

const isAnswer = (entry: AgentEntry): boolean => 'role' in entry
const modelInForce = (entries: readonly AgentEntry[], at: number): number => {
  const marker = entries.slice(0, at).findLast((entry) => 'type' in entry && entry.type === 'model')
  return marker !== undefined && 'type' in marker && marker.type === 'model' ? marker.model : 0
}

describe('cutConversation', () => {
  it('takes away whole answers, oldest first, and keeps each visit with what it began with', () => {
    fc.assert(
      fc.property(conversation, extent, (entries, keep) => {
        const cut = cutConversation(memory(entries), keep)
        if (cut === undefined) return
        const { told, kept } = cut
        // Nothing is lost, and what is kept keeps its order.
        for (const entry of entries) expect(told.includes(entry) || kept.includes(entry)).toBe(true)
        expect(entries.filter((entry) => kept.includes(entry))).toEqual(kept)
        expect(told.some(isAnswer)).toBe(true)
        expect(kept.some(isAnswer)).toBe(true)
        // Each answer is in one part, with its results and what it was told to mend right after it.
        for (const [index, entry] of entries.entries()) {
          if (!isAnswer(entry)) continue
          const part = kept.includes(entry) ? kept : told
          expect(told.includes(entry) && kept.includes(entry)).toBe(false)
          const next = entries[index + 1]
          const belongs = next !== undefined && 'type' in next && (next.type === 'results' || next.type === 'repair')
          expect(belongs ? part[part.indexOf(entry) + 1] : undefined).toBe(belongs ? next : undefined)
          expect(modelInForce(part, part.indexOf(entry))).toBe(modelInForce(entries, index))
        }
        // The first that is kept is what a visit began with, and so is told before any answer.
        expect(kept.find((entry) => !('type' in entry) || entry.type !== 'model')).toMatchObject({ type: 'input' })
        expect(kept).toContain(entries.findLast((entry) => 'type' in entry && entry.type === 'input'))
        // So is what a visit was handed over with, of each visit of which an answer is kept.
        const starts = entries.flatMap((entry, index) =>
          'type' in entry && entry.type === 'handoff' ? [[entry, entries[index - 1] ?? entry] as const] : [],
        )
        expect(starts.map(([handed]) => kept.includes(handed))).toEqual(starts.map(([, given]) => kept.includes(given)))
        const count = kept.filter(isAnswer).length
        expect(count).toBe('answers' in keep ? keep.answers : count)
      }),
      { numRuns: 500 },
    )
  })

  it('takes nothing away but a summary: then there is nothing to cut', () => {
    const entries = [{ type: 'summary', text: 'before', step: 1 }, input('a'), said('b')] as const
    expect(cutConversation(memory(entries), { answers: 1 })).toBeUndefined()
    expect(cutConversation(memory([input('a')]), { tokens: 1 })).toBeUndefined()
    expect(cutConversation(memory([]), { answers: 1 })).toBeUndefined()
  })

  it('keeps by tokens in the measure of the model that reported them', () => {
    const entries = [input('a'), said('b'), input('c'), said('d'), input('e'), said('f')]
    const estimated = tokensOf(memory(entries))
    const keep = { tokens: Math.ceil(estimated * 0.7) }
    expect(cutConversation(memory(entries), keep)?.kept).toEqual(entries.slice(2))
    const reported = memory(entries, { tokens: { upTo: 6, count: estimated * 2 } })
    expect(cutConversation(reported, keep)?.kept).toEqual(entries.slice(4))
  })
})

describe('tokensOf', () => {
  it('adds what came after the last report, at 4 bytes a token, without the items of a provider', () => {
    const entries = [input('a'), said('b'), input('x'.repeat(400))]
    expect(tokensOf(memory(entries, { tokens: { upTo: 2, count: 1_000 } }))).toBeGreaterThan(1_100)
    expect(tokensOf(memory(entries, { tokens: { upTo: 2, count: 1_000 } }))).toBeLessThan(1_130)
    expect(tokensOf(memory(entries))).toBeLessThan(150)
    expect(isOver(memory(entries), { tokens: 100 })).toBe(true)
    expect(isOver(memory(entries), { answers: 1 })).toBe(false)
  })
})
