import { z } from 'zod'
import { END, FAIL } from '../../src/define/edge.ts'
import { rule } from '../../src/define/rule.ts'
import { defineState } from '../../src/define/state.ts'
import { defineTool } from '../../src/define/tool.ts'
import type { Workflow } from '../../src/define/workflow.ts'

/** Stands in everything that is private to the group `vault`; only its own store may hold it. */
export const vaultMark = 'VAULT-4242'
/** The same of the group `lab`. */
export const labMark = 'LAB-9393'

/** A pure tool whose calls are remembered: what it is given and what it gives are private to whoever calls it. */
const score = defineTool({
  name: 'score',
  description: 'Scores a card.',
  effect: 'pure',
  input: z.object({ card: z.string() }),
  output: z.object({ score: z.string() }),
  run: ({ card }) => ({ score: `score of ${card}` }),
})

const transfer = defineTool({
  name: 'transfer',
  description: 'Moves money.',
  effect: 'unsafe',
  approval: true,
  input: z.object({ card: z.string() }),
  output: z.object({ receipt: z.string() }),
  run: ({ card }) => ({ receipt: `receipt for ${card}` }),
})

const inner = defineState({ secret: z.string(), told: z.string().optional() })
const innerNodes = inner.nodes({
  think: inner.task({
    effect: 'pure',
    reads: ['secret'],
    writes: ['told'],
    run: ({ state }) => ({ told: `told ${state.secret}` }),
  }),
  ask: inner.approval({ show: ['told'] }),
})
/** Nested in the group: all of it is the group's. */
const pondering = inner.workflow('pondering', {
  input: z.object({ secret: z.string() }),
  output: ['told'],
  nodes: innerNodes,
  start: innerNodes.think,
  edges: { think: { done: innerNodes.ask }, ask: { approved: END, rejected: END } },
})

const w = defineState({
  order: z.string(),
  paid: z.boolean().optional(),
  letter: z.string().optional(),
})
const vault = w.group('vault', {
  state: {
    card: z.string().optional(),
    marks: rule.append(z.string()),
    large: z.string().optional(),
    notes: z.array(z.string()).optional(),
    told: z.string().optional(),
    receipt: z.string().optional(),
    note: z.string().optional(),
  },
  exports: ['paid'],
  verdicts: ['allowed'],
  own: ['store'],
})
const lab = w.group('lab', { state: { sample: z.string().optional() }, own: ['store'] })
const isMarked = vault.guard('isMarked', ['card'], ({ card = '' }) => card.includes(vaultMark))

/** What the bank says to nobody but the vault. */
const confirmed = w.event('confirmed', z.object({ by: z.string() }))

const n = w.nodes({
  greet: w.agent({ model: 'outside', instructions: 'Greet.', reads: ['order'], writes: ['letter'] }),
  find: vault.task({
    effect: 'pure',
    retry: { attempts: 2 },
    reads: ['order'],
    writes: ['card', 'marks', 'large'],
    run: ({ state }, context) => {
      context.log(`found ${vaultMark}`)
      if (context.attempt === 1) throw new RangeError(`no answer for ${vaultMark}`)
      return { card: `${vaultMark} of ${state.order}`, marks: [`${vaultMark}-m`], large: vaultMark.repeat(9_000) }
    },
  }),
  clerk: vault.agent({
    model: 'inside',
    instructions: 'Score.',
    tools: [score, transfer],
    reads: ['card'],
    writes: ['note'],
    memory: 'continue',
  }),
  each: vault.map({
    over: 'marks',
    maxItems: 10,
    effect: 'pure',
    writes: ['notes'],
    run: (mark) => `item ${mark}`,
    apply: (results) => ({ notes: results.map(({ output }) => output ?? '') }),
  }),
  ponder: vault.nested(pondering, {
    reads: ['card'],
    writes: ['told'],
    input: ({ state }) => ({ secret: state.card ?? '' }),
    apply: ({ told }) => ({ told: told ?? '' }),
  }),
  bank: vault.wait({
    for: confirmed,
    key: ({ state }) => state.card ?? '',
    reads: ['card'],
    writes: ['receipt', 'paid'],
    apply: ({ by }) => ({ receipt: `receipt by ${by}`, paid: true }),
  }),
  allowed: vault.gate({ reads: ['receipt'], outcomes: ['yes', 'no'], decide: () => 'yes' }),
  measure: lab.task({ effect: 'pure', writes: ['sample'], run: () => ({ sample: `sample ${labMark}` }) }),
  thank: w.agent({
    model: 'outside',
    instructions: 'Thank.',
    reads: ['order', 'paid', 'letter'],
    hears: ['allowed'],
    writes: ['letter'],
    memory: 'continue',
  }),
})

/** A workflow two of whose groups have stores of their own; between them every way in which a value can come to stand in a record. */
export const vaults = w.workflow('vaults', {
  input: z.object({ order: z.string() }),
  output: ['paid', 'letter'],
  nodes: n,
  start: n.greet,
  edges: {
    greet: { done: n.find },
    find: { done: [{ when: isMarked, to: n.clerk }, n.each] },
    clerk: { done: n.each },
    each: { done: n.ponder },
    ponder: { done: n.bank },
    bank: { received: n.allowed },
    allowed: { yes: n.measure, no: n.measure },
    measure: { done: n.thank },
    thank: { done: END },
  },
})

/** A group with a store of its own adds to its list so often, then asks a person of its own. @param onAdd - called as each addition begins */
export function tallies(
  times: number,
  onAdd: () => void = () => undefined,
): Workflow<{ order: string }, { count: number }> {
  const s = defineState({ order: z.string(), count: rule.sum(z.number()) })
  const group = s.group('vault', {
    state: { card: z.string().optional(), marks: rule.append(z.string()) },
    exports: ['count'],
    own: ['store'],
  })
  const isEnough = group.guard('isEnough', ['marks'], ({ marks }) => marks.length >= times)
  const nodes = s.nodes({
    begin: group.task({
      effect: 'pure',
      writes: ['card', 'marks'],
      run: () => ({ card: vaultMark, marks: [] }),
    }),
    add: group.task({
      effect: 'idempotent',
      reads: ['marks'],
      writes: ['card', 'marks', 'count'],
      run: ({ state }) => {
        onAdd()
        return { card: vaultMark, marks: [`${vaultMark}-${state.marks.length}`], count: 1 }
      },
    }),
    ask: group.approval({ show: ['card'] }),
  })
  return s.workflow('tallies', {
    input: z.object({ order: z.string() }),
    output: ['count'],
    nodes,
    start: nodes.begin,
    edges: {
      begin: { done: nodes.add },
      add: {
        done: [
          { when: isEnough, to: nodes.ask },
          { to: nodes.add, limit: times, otherwise: FAIL },
        ],
      },
      ask: { approved: END, rejected: FAIL },
    },
  })
}
