// A trip that is booked step by step, and given back when it cannot be paid: compensation.md.
import { defineState, defineTool, END, nodeFailure } from '@waystone/core'
import { z } from 'zod'

/** Stands for the services of airlines and hotels: what was booked and not cancelled. */
export const booked = new Set<string>()

// #region tool
const cancelFlight = defineTool({
  name: 'cancel-flight',
  description: 'Cancels a booking.',
  effect: 'keyed',
  input: z.object({ booking: z.string() }),
  output: z.object({}),
  run: ({ booking }) => {
    booked.delete(booking)
    return {}
  },
})
const bookFlight = defineTool({
  name: 'book-flight',
  description: 'Books a flight.',
  effect: 'keyed',
  input: z.object({ to: z.string() }),
  output: z.object({ booking: z.string() }),
  run: ({ to }, { effectId }) => {
    booked.add(effectId)
    return { booking: effectId, to }
  },
  compensate: {
    tool: cancelFlight,
    // Without output nobody knows whether it was booked: the airline knows it by the key it was booked under.
    input: ({ output, effectId }) => ({ booking: output?.booking ?? effectId }),
  },
})
// #endregion tool

const w = defineState({ to: z.string(), flight: z.string().optional(), room: z.string().optional() })

// #region nodes
const n = w.nodes({
  flight: w.tool(bookFlight, {
    reads: ['to'],
    writes: ['flight'],
    apply: ({ booking }) => ({ flight: booking }),
  }),
  hotel: w.task({
    effect: 'keyed',
    reads: ['to'],
    writes: ['room'],
    run: ({ state }) => {
      booked.add(`room in ${state.to}`)
      return { room: `room in ${state.to}` }
    },
    compensate: {
      effect: 'keyed',
      retry: { attempts: 5, backoff: '1s' },
      timeout: '10s',
      run: ({ output, state }) => {
        booked.delete(output?.room ?? `room in ${state.to}`)
      },
    },
  }),
  pay: w.task({
    reads: ['to'],
    run: ({ state }) => {
      if (state.to === 'atlantis') throw nodeFailure('the card was declined')
    },
  }),
})
// #endregion nodes

/** Books flight and hotel, then pays. */
export const trips = w.workflow('trips', {
  input: z.object({ to: z.string() }),
  output: ['flight', 'room'],
  nodes: n,
  start: n.flight,
  edges: { flight: { done: n.hotel }, hotel: { done: n.pay }, pay: { done: END } },
  // #region limits
  limits: { steps: 10, toolCalls: 2 },
  // #endregion limits
})
