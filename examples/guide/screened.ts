import { defineState, END } from '@waystone/core'
import { z } from 'zod'

const w = defineState({ mail: z.string(), reply: z.string().optional() })

/** Four groups of four digits, as on a card. */
const cardNumber = /\b\d{4}([ -]?\d{4}){3}\b/

// #region screened
const n = w.nodes({
  privacy: w.gate({
    reads: ['mail'],
    outcomes: ['pass', 'private'],
    decide: ({ state }) =>
      cardNumber.test(state.mail) ? { outcome: 'private', reasons: ['It holds the number of a card.'] } : 'pass',
  }),
  answer: w.agent({ model: 'fast', instructions: 'Answer the mail.', reads: ['mail'], writes: ['reply'] }),
  desk: w.approval({ show: ['mail'], outcomes: ['answered'], reason: 'This mail must not leave the house.' }),
})

export const screened = w.workflow('screened', {
  input: z.object({ mail: z.string() }),
  output: ['reply'],
  nodes: n,
  start: n.privacy,
  edges: { privacy: { pass: n.answer, private: n.desk }, answer: { done: END }, desk: { answered: END } },
  limits: { modelCalls: 3 },
})
// #endregion screened
