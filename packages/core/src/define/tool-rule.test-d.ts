import { describe, it } from 'vitest'
import { z } from 'zod'
import { defineAgent } from './agent.ts'
import { defineState } from './state.ts'
import { defineTool } from './tool.ts'

const w = defineState({ isVerified: z.boolean(), reply: z.string().optional() })
const other = defineState({ isVerified: z.string() })
const isVerified = w.guard('isVerified', ['isVerified'], (state) => state.isVerified)
const isOther = other.guard('isOther', ['isVerified'], (state) => state.isVerified === 'yes')

const empty = { input: z.object({}), output: z.object({}), run: () => ({}) }
const lookUp = defineTool({ ...empty, name: 'look-up', description: 'Looks up.' })
const refund = defineTool({ ...empty, name: 'refund', description: 'Refunds.' })
const base = { model: 'fast', instructions: 'Help.', tools: [lookUp, refund] } as const

const clerk = defineAgent({
  ...base,
  input: z.object({}),
  output: z.object({}),
  toolRules: { refund: { after: ['look-up'], maxCalls: 1, effect: 'unsafe' } },
})

describe('toolRules', () => {
  it('are typed by the names of the tools (T1, T3)', () => {
    w.agent({ ...base, toolRules: { refund: { when: isVerified, after: ['look-up'], maxCalls: 1 } } })
    w.agent({ ...base, toolRules: { 'look-up': { when: w.not(w.all(isVerified)) } } })
    w.agent(clerk, { toolRules: { refund: { when: isVerified } } })
  })

  it('say whether a person is asked, in a node also by a guard (H1)', () => {
    w.agent({ ...base, toolRules: { refund: { approval: true }, 'look-up': { approval: false } } })
    w.agent({ ...base, toolRules: { refund: { approval: { when: isVerified, role: 'boss', expiresIn: '1h' } } } })
    defineAgent({
      ...base,
      input: z.object({}),
      output: z.object({}),
      toolRules: { refund: { approval: { role: 'boss' } } },
    })
    // @ts-expect-error what looks at arguments belongs to the tool
    w.agent({ ...base, toolRules: { refund: { approval: { when: () => true } } } })
    // @ts-expect-error a guard of another state
    w.agent({ ...base, toolRules: { refund: { approval: { when: isOther } } } })
    const shape = { input: z.object({}), output: z.object({}) }
    // @ts-expect-error an agent that is free of any state has no conditions on it
    defineAgent({ ...base, ...shape, toolRules: { refund: { approval: { when: isVerified } } } })
  })

  it('refuse mistakes', () => {
    // @ts-expect-error no tool of this agent
    w.agent({ ...base, toolRules: { refunds: { maxCalls: 1 } } })
    // @ts-expect-error comes after a tool that the agent does not have
    w.agent({ ...base, toolRules: { refund: { after: ['look'] } } })
    // @ts-expect-error no such rule
    w.agent({ ...base, toolRules: { refund: { before: ['look-up'] } } })
    // @ts-expect-error a condition is a guard, not a function
    w.agent({ ...base, toolRules: { refund: { when: () => true } } })
    // @ts-expect-error a guard of another state
    w.agent({ ...base, toolRules: { refund: { when: isOther } } })
    // @ts-expect-error no tool of the agent that was defined apart
    w.agent(clerk, { toolRules: { pay: { maxCalls: 1 } } })
  })

  it('of an agent defined apart know no state', () => {
    // @ts-expect-error an agent that is free of any state has no conditions on it
    defineAgent({ ...base, input: z.object({}), output: z.object({}), toolRules: { refund: { when: isVerified } } })
    const shape = { input: z.object({}), output: z.object({}) }
    // @ts-expect-error no tool of this agent
    defineAgent({ ...base, ...shape, toolRules: { pay: { maxCalls: 1 } } })
  })
})
