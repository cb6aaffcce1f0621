import { defineTool } from '@waystone/core'
import { z } from 'zod'
import { ask } from './bridge.ts'

const terms = {
  effect: 'keyed',
  input: z.object({ ticket: z.string() }),
  output: z.object({ receipt: z.string(), amount: z.number() }),
  timeout: 1_500,
  retry: { attempts: 2, backoff: 100 },
} as const

/** Decisions on its calls may be remembered, as far as can be. */
export const post = defineTool({
  ...terms,
  name: 'post',
  description: 'Posts a letter.',
  approval: { remember: 'workflow' },
  run: (given, context) => ask({ name: 'post', effect: 'keyed', context, input: given }),
})

/** A policy wants a yes to each of its calls. */
export const stamp = defineTool({
  ...terms,
  name: 'stamp',
  description: 'Stamps a letter.',
  approval: { expiresIn: 15_000, remember: 'workflow' },
  run: (given, context) => ask({ name: 'stamp', effect: 'keyed', context, input: given }),
})
