import { defineState, rule, type EffectClass, type EffectContext } from '@waystone/core'
import { z } from 'zod'
import { ask, askNow } from './bridge.ts'

/** The state that all workflows of simulations share. */
export const w = defineState({
  ticket: z.string(),
  /** One for each patch that was applied. */
  count: rule.sum(z.number()),
  /** One line for each patch that was applied, with the step that made it. */
  trail: rule.append(z.string()),
  seen: rule.union(z.string()),
  highest: rule.max(z.number()),
  total: rule.reducer(z.number(), { name: 'add', reduce: (current, incoming: number) => (current ?? 0) + incoming }),
  plan: z.string().optional(),
  score: z.number().optional(),
})

/** What every workflow starts with. */
export const input = z.object({ ticket: z.string(), count: z.number(), trail: z.array(z.string()) })

/** What every workflow gives. */
export const output = ['trail', 'count'] as const

/** Keys of a {@link traceOf}. */
const traced = ['count', 'trail', 'seen', 'highest', 'total'] as const

interface Trace {
  readonly count: number
  readonly trail: readonly string[]
  readonly seen: readonly string[]
  readonly highest: number
  readonly total: number
}

function traceOf(context: EffectContext, amount: number): Trace {
  return {
    count: 1,
    trail: [`${context.node}#${context.effectId.slice(context.effectId.lastIndexOf('/') + 1)}`],
    seen: [context.node],
    highest: amount,
    total: amount,
  }
}

/** How a task of a simulation works. */
export interface TaskShape {
  readonly effect: EffectClass
  /** Its answer is there at once. */
  readonly isSync?: boolean
  /** Ms; default 1,500. */
  readonly timeout?: number
  readonly attempts?: number
  /** Operators may redirect runs to it. */
  readonly redirectable?: boolean
  /** A name that it shares with others: of these one is under way at a time. */
  readonly exclusive?: string
  /** It looks into the long-term memory first. */
  readonly recalls?: true
}

/** A task that asks the world and leaves a trace in the state. */
// oxlint-disable-next-line typescript/explicit-module-boundary-types -- the type of a node is what inference makes of its state
export function task(
  name: string,
  { effect, isSync = false, timeout = 1_500, attempts, redirectable, exclusive, recalls }: TaskShape,
) {
  return w.task({
    effect,
    reads: ['ticket'],
    writes: traced,
    timeout,
    ...(redirectable !== undefined && { redirectable }),
    ...(exclusive !== undefined && { exclusive }),
    ...(recalls !== undefined && { memory: { scope: ['letters'], access: 'read' } }),
    ...(attempts !== undefined && { retry: { attempts, backoff: 300, factor: 2, jitter: 0.5 } }),
    run: ({ state }, context) => {
      const work = { name, effect, context, input: { ...state } }
      if (isSync) return traceOf(context, askNow(work))
      return ask(work).then(({ amount }) => traceOf(context, amount))
    },
  })
}

/** The score is high. */
export const isHigh = w.guard('isHigh', ['score'], ({ score }) => (score ?? 0) > 60)

/** Much has happened. */
export const isLong = w.guard('isLong', ['trail'], ({ trail }) => trail.length > 4)
