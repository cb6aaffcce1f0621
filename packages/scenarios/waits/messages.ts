/** What somebody outside tells the run, in the order it happens there; sent again until it is known to have arrived. */
export const messages = [
  { event: 'paid', payload: { note: 'in cash' }, id: 'm-1' },
  { event: 'shipped', payload: { note: 'by rail' }, id: 'm-2' },
] as const
