import { END, FAIL, nodeFailure } from '@waystone/core'
import { z } from 'zod'
import { ask } from './bridge.ts'
import { input, output, task, w } from './shared.ts'

/** What every value that is private to a group of a simulation begins with. */
export const privateMark = 'hoarded by'

/** What operators patch into keys that are private to a group begins with. */
export const operatorsMark = `${privateMark} an operator`

/** What every value that is private to this group begins with. */
export function markOf(group: string): string {
  return `${privateMark} ${group}:`
}

/** @param own - what its group has to itself */
// oxlint-disable-next-line max-lines-per-function -- one workflow, made twice
function guildOf(name: string, own: readonly 'store'[]) {
  const vault = w.group('vault', {
    state: { hoard: z.string().optional(), tally: z.string().optional() },
    exports: ['count', 'trail'],
    verdicts: ['weigh'],
    own,
  })

  const hasHoard = vault.guard('hasHoard', ['hoard'], ({ hoard = '' }) => hoard !== '')

  const n = w.nodes({
    hoard: vault.task({
      effect: 'keyed',
      reads: ['ticket'],
      writes: ['hoard', 'count', 'trail'],
      timeout: 1_500,
      retry: { attempts: 2, backoff: 300, jitter: 0.5 },
      run: async ({ state }, context) => {
        const { receipt } = await ask({ name: 'hoard', effect: 'keyed', context, input: { ...state } })
        return { hoard: `${markOf('vault')} ${receipt}`, count: 1, trail: [context.node] }
      },
    }),
    spend: vault.task({
      effect: 'pure',
      reads: ['hoard'],
      writes: ['tally', 'count', 'trail'],
      timeout: 1_500,
      retry: { attempts: 1 },
      run: async ({ state }, context) => {
        const { amount } = await ask({ name: 'spend', effect: 'pure', context, input: { ...state } })
        if (amount % 3 === 0) throw nodeFailure(`too little: ${state.hoard ?? ''}`, { failure: 'conflict' })
        if (amount % 7 === 0) throw nodeFailure(`no idea: ${state.hoard ?? ''}`)
        return { tally: `${markOf('vault')} ${amount}`, count: 1, trail: [context.node] }
      },
    }),
    weigh: vault.gate({
      reads: ['hoard', 'tally'],
      outcomes: ['heavy', 'light'],
      decide: ({ state }) => ((state.tally ?? '').length % 2 === 0 ? 'heavy' : 'light'),
    }),
    /** Outside: a model that hears what the group lets out. */
    review: w.gate({
      model: 'main',
      instructions: 'Judge.',
      reads: ['count'],
      hears: ['weigh'],
      outcomes: ['pass', 'again'],
      timeout: 2_500,
    }),
    /** Outside: work that changes nothing. */
    idle: w.task({
      effect: 'idempotent',
      reads: ['ticket'],
      timeout: 1_500,
      run: async ({ state }, context) => {
        await ask({ name: 'idle', effect: 'idempotent', context, input: { ...state } })
      },
    }),
    settle: task('settle', { effect: 'keyed', attempts: 2 }),
  })

  return w.workflow(name, {
    input,
    output,
    nodes: n,
    start: n.hoard,
    edges: {
      hoard: { done: [{ when: hasHoard, to: n.spend }, FAIL], failed: n.settle },
      spend: {
        done: n.weigh,
        failed: [
          { when: w.failure('conflict'), to: n.weigh },
          { to: n.hoard, limit: 1, otherwise: n.settle },
        ],
      },
      weigh: { heavy: n.review, light: n.review },
      review: { pass: n.settle, again: { to: n.idle, limit: 30, otherwise: FAIL } },
      idle: { done: n.review },
      settle: { done: END },
    },
    limits: { stall: { transitions: 3, to: n.hoard, limit: 1, otherwise: n.settle } },
  })
}

/** A group that keeps to itself beside nodes that get nowhere, failures routed by their names, and a run that may stall. */
export const guild = guildOf('guild', [])

/** The same, and what is private to the group is kept in a store of its own. */
export const strongroom = guildOf('strongroom', ['store'])
