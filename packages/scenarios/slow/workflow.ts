import { existsSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import { defineState, END, rule } from '@waystone/core'
import { z } from 'zod'
import { journal } from '../shared/journal.ts'

const w = defineState({ gate: z.string(), lines: rule.append(z.string()) })

const n = w.nodes({
  begin: w.task({ effect: 'pure', writes: ['lines'], run: () => ({ lines: ['begun'] }) }),
  /** Goes on when a file is there: as long as a test wants. */
  hold: w.task({
    effect: 'idempotent',
    reads: ['gate'],
    writes: ['lines'],
    async run({ state }, { effectId, signal }) {
      journal(`hold ${effectId} ${process.pid}`)
      while (!existsSync(state.gate)) await setTimeout(10, undefined, { signal })
      return { lines: ['held'] }
    },
  }),
  sign: w.approval({ show: ['lines'] }),
  close: w.task({
    effect: 'idempotent',
    writes: ['lines'],
    run(_, { effectId }) {
      journal(`close ${effectId} ${process.pid}`)
      return { lines: ['closed'] }
    },
  }),
})

/** A run that takes as long as a test wants, then asks a person, then closes. */
export const slow = w.workflow('slow', {
  input: z.object({ gate: z.string(), lines: z.array(z.string()) }),
  output: ['lines'],
  nodes: n,
  start: n.begin,
  edges: {
    begin: { done: n.hold },
    hold: { done: n.sign },
    sign: { approved: n.close, rejected: END },
    close: { done: END },
  },
})
