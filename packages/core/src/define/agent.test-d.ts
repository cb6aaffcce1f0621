import { describe, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { defineAgent } from './agent.ts'
import { END, FAIL } from './edge.ts'
import { rule } from './rule.ts'
import { defineState } from './state.ts'
import { defineTool } from './tool.ts'
import type { Verdict } from './verdict.ts'

const w = defineState({
  order: z.string(),
  reply: z.string().optional(),
  notes: rule.append(z.object({ id: z.string() })),
})
const lookUp = defineTool({
  name: 'look-up',
  description: 'Looks up.',
  input: z.object({ order: z.string() }),
  output: z.object({}),
  run: () => ({}),
})
const base = { model: 'fast', instructions: 'Write.' }

describe('w.agent', () => {
  it('gives its functions what it reads and hears', () => {
    w.agent({
      model: 'fast',
      reads: ['order', 'reply'],
      hears: ['tone'],
      instructions: ({ state, heard }) => {
        expectTypeOf(state).toEqualTypeOf<{ readonly order: string; readonly reply?: string }>()
        expectTypeOf(heard).toEqualTypeOf<{ readonly tone?: Verdict }>()
        return state.order
      },
    })
  })

  it('needs no output when the answer is the patch, and no apply when the output is', () => {
    w.agent({ ...base, writes: ['reply', 'notes'], tools: [lookUp] })
    w.agent({ ...base, writes: ['reply'], output: z.object({ reply: z.string(), score: z.number() }) })
    w.agent({ ...base, writes: ['reply'], output: z.object({ reply: z.string().optional() }) })
    w.agent({ ...base, writes: ['reply'], output: z.string(), apply: (text) => ({ reply: text }) })
  })

  it('has limits of its own, and an outcome for them that may be routed', () => {
    const n = w.nodes({ writer: w.agent({ ...base, limits: { toolCalls: 3, duration: '2m', costUsd: { max: 1 } } }) })
    const config = { input: z.object({}), output: [], nodes: n, start: n.writer } as const
    w.workflow('routed', { ...config, edges: { writer: { done: END, exhausted: FAIL } } })
    w.workflow('not-routed', { ...config, edges: { writer: { done: END } } })
    // @ts-expect-error steps are a limit of workflows
    w.agent({ ...base, limits: { steps: 3 } })
    // @ts-expect-error a limit is a number
    w.agent({ ...base, limits: { toolCalls: 'three' } })
  })

  it('names the models that stand in for its own', () => {
    w.agent({ ...base, fallbacks: ['good'], fallbackOn: ['failure', 'refusal'] })
    // @ts-expect-error fallbacks are a list
    w.agent({ ...base, fallbacks: 'good' })
    // @ts-expect-error no such reason
    w.agent({ ...base, fallbacks: ['good'], fallbackOn: ['boredom'] })
  })

  it('says when its conversation is cut', () => {
    w.agent({ ...base, history: { over: { answers: 40 } } })
    w.agent({ ...base, history: { over: { tokens: 8_000 }, keep: { answers: 4 }, summary: true } })
    w.agent({ ...base, history: { over: { answers: 40 }, summary: { model: 'fast', otherwise: 'fail' } } })
    // @ts-expect-error over what?
    w.agent({ ...base, history: { keep: { answers: 4 } } })
    // @ts-expect-error answers or tokens
    w.agent({ ...base, history: { over: { messages: 4 } } })
    // @ts-expect-error no such way to go on
    w.agent({ ...base, history: { over: { answers: 4 }, summary: { otherwise: 'stop' } } })
  })

  it('refuses mistakes', () => {
    // @ts-expect-error no such state key
    w.agent({ ...base, reads: ['replies'] })
    // @ts-expect-error no such state key
    w.agent({ ...base, writes: ['replies'] })
    // @ts-expect-error no such option
    w.agent({ ...base, writes: ['reply'], toolbox: [lookUp] })
    // @ts-expect-error tools are made with defineTool
    w.agent({ ...base, writes: ['reply'], tools: ['look-up'] })
    // @ts-expect-error instructions are missing
    w.agent({ model: 'fast', writes: ['reply'] })
    // @ts-expect-error a key that is not read cannot be seen
    w.agent({ model: 'fast', instructions: ({ state }) => state.reply ?? '', reads: ['order'] })
    // @ts-expect-error a gate that is not heard cannot be seen
    w.agent({ model: 'fast', instructions: ({ heard }) => heard.facts?.outcome ?? '', hears: ['tone'] })
    // @ts-expect-error memory is fresh or continue
    w.agent({ ...base, memory: 'forever' })
    // @ts-expect-error no such retry option
    w.agent({ ...base, retry: { times: 3 } })
  })

  it('needs apply where the output is not the patch', () => {
    // @ts-expect-error the output has no key "reply"
    w.agent({ ...base, writes: ['reply'], output: z.object({ text: z.string() }) })
    // @ts-expect-error the output's "reply" is a number
    w.agent({ ...base, writes: ['reply'], output: z.object({ reply: z.number() }) })
    // @ts-expect-error plain text is no patch
    w.agent({ ...base, writes: ['reply'], output: z.string() })
    // @ts-expect-error without output the answer is the patch
    w.agent({ ...base, writes: ['reply'], apply: () => ({ reply: '' }) })
    // @ts-expect-error writes a key it does not declare (S2)
    w.agent({ ...base, writes: ['reply'], output: z.string(), apply: (text) => ({ reply: text, order: text }) })
    // @ts-expect-error writes a key that no state has
    w.agent({ ...base, writes: ['reply'], output: z.string(), apply: (text) => ({ reply: text, rpely: text }) })
  })
})

describe('defineAgent', () => {
  const translate = defineAgent({
    model: 'fast',
    instructions: 'Translate.',
    input: z.object({ order: z.string() }),
    output: z.object({ reply: z.string() }),
    prompt: ({ order }) => order,
  })

  it('is used where shapes fit, or mapped', () => {
    w.agent(translate, { reads: ['order'], writes: ['reply'], maxModelCalls: 2 })
    w.agent(translate, {
      reads: ['reply'],
      writes: ['notes'],
      input: ({ state }) => ({ order: state.reply ?? '' }),
      apply: ({ reply }) => ({ notes: [{ id: reply }] }),
    })
  })

  it('refuses mistakes', () => {
    // @ts-expect-error what is read is not its input
    w.agent(translate, { reads: ['reply'], writes: ['reply'] })
    // @ts-expect-error its output is not what is written
    w.agent(translate, { reads: ['order'], writes: ['notes'] })
    // @ts-expect-error what it is stays as it was defined
    w.agent(translate, { reads: ['order'], writes: ['reply'], instructions: 'Other.' })
    // @ts-expect-error an agent defined apart says what it takes
    defineAgent({ model: 'fast', instructions: 'Translate.', output: z.object({ reply: z.string() }) })
  })
})
