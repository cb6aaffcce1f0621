import { z } from 'zod'
import { w } from './shared.ts'

/** What an event carries that leaves a trace: its id where it comes from. */
const marked = z.object({ mark: z.string() })

/** Sent with the ticket of a run as its key. */
export const paid = w.event('paid', marked)
/** Carries nothing. */
export const recalled = w.event('recalled')
/** Sent with `pack` and the ticket as its key. */
export const packed = w.event('packed', marked)
/** Sent with the ticket as its key. */
export const signed = w.event('signed', marked)

/** A line of the trail, as the oracle expects it of a wait. */
export function lineOf(event: string, mark: string): { readonly count: number; readonly trail: readonly string[] } {
  return { count: 1, trail: [`${event} ${mark}`] }
}
