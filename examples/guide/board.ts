import { defineState, END, type Workflow } from '@waystone/core'
import { z } from 'zod'

const w = defineState({ amountUsd: z.number(), paid: z.boolean().optional() })

// #region board
const n = w.nodes({
  board: w.approval({
    show: ['amountUsd'],
    role: 'board',
    quorum: { need: 2, of: ['ada', 'bo', 'cy'] },
    delegates: { ada: ['dan'] },
    escalate: [
      { after: '4h', role: 'director' },
      { after: '1d', role: 'owner' },
    ],
    expiresIn: '3d',
  }),
  pay: w.task({ effect: 'keyed', reads: ['amountUsd'], writes: ['paid'], run: () => ({ paid: true }) }),
})
// #endregion board

export const grants: Workflow<{ amountUsd: number }, { paid?: boolean | undefined }> = w.workflow('grants', {
  input: z.object({ amountUsd: z.number() }),
  output: ['paid'],
  nodes: n,
  start: n.board,
  edges: { board: { approved: n.pay, rejected: END, expired: END }, pay: { done: END } },
})
