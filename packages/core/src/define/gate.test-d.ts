import { describe, it } from 'vitest'
import { z } from 'zod'
import { defineState } from './state.ts'

const w = defineState({ reply: z.string().optional() })
const base = { reads: ['reply' as const], outcomes: ['pass' as const, 'rude' as const] }

describe('w.gate', () => {
  it('is decided by code, at once or later, or by a reviewing model', () => {
    w.gate({ ...base, decide: ({ state }) => (state.reply === '' ? 'pass' : 'rude') })
    w.gate({ ...base, decide: async ({ state }) => (state.reply === '' ? 'pass' : 'rude') })
    w.gate({ ...base, decide: () => ({ outcome: 'rude', reasons: ['a word'], score: 0.2, positions: [3] }) })
    w.gate({ ...base, model: 'good', instructions: 'Judge the tone.' })
    w.gate({ ...base, model: 'good', instructions: 'Judge the tone.', fallbacks: ['fast'], fallbackOn: ['misfit'] })
  })

  it('may read long-term memory when code decides', () => {
    w.gate({
      ...base,
      memory: { scope: ['tones', { tag: 'customer' }], access: 'read' },
      decide: async (_given, { memory }) => ((await memory.get('tone')) === undefined ? 'pass' : 'rude'),
    })
  })

  it('refuses mistakes', () => {
    // @ts-expect-error not one of its outcomes
    w.gate({ ...base, decide: () => 'kind' })
    // @ts-expect-error not one of its outcomes
    w.gate({ ...base, decide: () => ({ outcome: 'kind', reasons: [] }) })
    // @ts-expect-error a reason is JSON
    w.gate({ ...base, decide: () => ({ outcome: 'pass', reasons: [new Date()] }) })
    // @ts-expect-error who decides is missing
    w.gate({ ...base })
    // @ts-expect-error code or a model, not both
    w.gate({ ...base, model: 'good', instructions: 'Judge the tone.', decide: () => 'pass' })
    // @ts-expect-error code asks no model, so none stands in for it
    w.gate({ ...base, decide: () => 'pass', fallbacks: ['fast'] })
    // @ts-expect-error a reviewing model needs instructions
    w.gate({ ...base, model: 'good' })
    // @ts-expect-error a gate has outcomes of its own
    w.gate({ reads: ['reply'], decide: () => 'pass' })
    // @ts-expect-error a gate reads long-term memory and writes none
    w.gate({ ...base, decide: () => 'pass', memory: { scope: ['a'], access: 'write' } })
    // @ts-expect-error a reviewing model has no long-term memory
    w.gate({ ...base, model: 'good', instructions: 'Judge.', memory: { scope: ['a'], access: 'read' } })
    // @ts-expect-error a gate writes nothing
    w.gate({ ...base, decide: () => 'pass', writes: ['reply'] })
  })
})
