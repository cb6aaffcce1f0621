import { defineTool, type EffectClass, type Signal } from '@waystone/core'
import { z } from 'zod'
import { ask } from './bridge.ts'
import { w } from './shared.ts'

/** A tool that books and says how that is undone; its name is what the world is asked for. */
export const book = defineTool({
  name: 'book',
  description: 'Books.',
  effect: 'keyed',
  timeout: 1_500,
  retry: { attempts: 2, backoff: 200, jitter: 0.5 },
  input: z.object({ ticket: z.string() }),
  output: z.object({ receipt: z.string() }),
  run: async (given, context) => ({
    receipt: (await ask({ name: 'book', effect: 'keyed', context, input: given })).receipt,
  }),
  compensate: {
    effect: 'keyed',
    timeout: 1_000,
    retry: { attempts: 2, backoff: 200, jitter: 0.5 },
    run: async ({ input: asked, outcome, effectId }, context) => {
      const what = { ...asked, outcome, of: effectId }
      await ask({ name: 'undo book', effect: 'keyed', context, input: what })
    },
  },
})

/** The tool as a node that leaves a trace. */
// oxlint-disable-next-line typescript/explicit-module-boundary-types -- the type of a node is what inference makes of its state
export function booked(what: string) {
  return w.tool(book, {
    reads: ['ticket'],
    writes: ['trail', 'count'],
    input: ({ state }) => ({ ticket: `${state.ticket} ${what}` }),
    apply: () => ({ count: 1, trail: [what] }),
  })
}

/** Where work by hand stands, and how certain its end is; default: `unsafe`. */
interface HandShape {
  readonly effect?: EffectClass
  readonly on?: Signal
  readonly redirectable?: boolean
}

/** A task whose undoing must not be repeated: a person is asked, or it is reported. */
// oxlint-disable-next-line typescript/explicit-module-boundary-types -- as above
export function hand(name: string, unknown: 'ask' | 'report', { effect = 'unsafe', ...place }: HandShape = {}) {
  return w.task({
    ...place,
    effect,
    reads: ['ticket'],
    writes: ['count', 'trail'],
    timeout: 1_500,
    run: async ({ state }, context) => {
      await ask({ name, effect, context, input: { ...state } })
      return { count: 1, trail: [name] }
    },
    compensate: {
      effect: 'unsafe',
      unknown,
      timeout: 1_000,
      run: async ({ state, outcome, effectId }, context) => {
        await ask({ name: `undo ${name}`, effect: 'unsafe', context, input: { ...state, outcome, of: effectId } })
      },
    },
  })
}
