import { defineAgent, END, FAIL, nodeFailure } from '@waystone/core'
import { z } from 'zod'
import { ask } from './bridge.ts'
import { input, isHigh, isLong, output, task, w } from './shared.ts'
import { charge, lookUp, note, pay, receiptStep } from './tools.ts'

/** A call that other levels of the same run make too. */
// oxlint-disable-next-line typescript/explicit-module-boundary-types -- the type of a node is what inference makes of its state
function look() {
  return w.tool(lookUp, {
    reads: ['ticket'],
    writes: ['trail', 'count'],
    timeout: 1_500,
    apply: ({ receipt }) => ({ count: 1, trail: [receiptStep(receipt)] }),
  })
}

const d = w.nodes({
  see: look(),
  scribe: w.agent({
    model: 'main',
    instructions: 'Write.',
    reads: ['ticket'],
    writes: ['plan', 'score'],
    tools: [lookUp, note, charge],
    toolRules: {
      'look-up': { otherwise: { receipt: 'none', amount: 0 } },
      charge: { approval: { quorum: { need: 2 }, expiresIn: 12_000 } },
    },
    maxModelCalls: 4,
    maxCallsPerTurn: 3,
    timeout: 3_000,
    retry: { attempts: 2, backoff: 100 },
  }),
  tidy: task('tidy', { effect: 'idempotent', attempts: 2 }),
})

/** Innermost: an agent whose calls several people are asked about, under narrow limits. */
const desk = w.workflow('desk', {
  input,
  output,
  nodes: d,
  start: d.see,
  edges: {
    see: { done: d.scribe, failed: d.scribe, timeout: d.scribe },
    scribe: {
      done: [{ when: isHigh, to: END }, { to: d.scribe, limit: 1 }, d.tidy],
      failed: { to: d.tidy, degraded: true },
    },
    tidy: { done: END },
  },
  limits: { modelCalls: 5, duration: '20s', exhausted: d.tidy },
})

const o = w.nodes({
  first: task('first', { effect: 'pure', isSync: true }),
  desk: w.nested(desk, {
    reads: ['ticket'],
    writes: ['trail', 'count'],
    input: ({ state }) => ({ ticket: state.ticket, count: 0, trail: [] }),
  }),
  many: w.map({
    over: ({ state }) => [0, 1, 2, 3].map((index) => ({ ticket: `${state.ticket}-${index}` })),
    reads: ['ticket'],
    writes: ['count', 'trail'],
    effect: 'keyed',
    timeout: 1_000,
    retry: { attempts: 2, backoff: 200 },
    run: async (item, _given, context) => (await ask({ name: 'many', effect: 'keyed', context, input: item })).amount,
    maxItems: 4,
    concurrency: 2,
    done: { atLeast: 3 },
    failed: 'drop',
    apply: (results) => ({ count: 1, trail: [`many ${results.map(({ index }) => index).join()}`] }),
  }),
  meet: w.join({ failed: 'keep' }),
  vote: w.approval({
    show: ['ticket', 'trail'],
    quorum: { need: 2, of: ['ada', 'bo', 'cy'] },
    delegates: { ada: ['dan'] },
    escalate: [{ after: 4_000, role: 'director' }],
    expiresIn: 30_000,
  }),
})

/** In the middle: a nested workflow beside a map, and a quorum. */
const office = w.workflow('office', {
  input,
  output,
  nodes: o,
  start: o.first,
  edges: {
    first: { done: { fork: [o.desk, o.many], join: o.meet } },
    desk: { done: o.meet, failed: FAIL, exhausted: o.meet },
    many: { done: o.meet, unsatisfied: o.meet, failed: o.meet },
    meet: { done: o.vote },
    vote: { approved: END, rejected: { to: o.first, limit: 1, otherwise: END }, expired: FAIL },
  },
  limits: { steps: 26, toolCalls: 8 },
})

const r = w.nodes({
  look: look(),
  run: task('run', { effect: 'keyed', attempts: 2, timeout: 800 }),
  hop: task('hop', { effect: 'pure', attempts: 1 }),
  line: w.join({ wait: 'any', failed: 'drop', losers: 'finish', deadline: 1_500 }),
  hand: task('hand', { effect: 'unsafe', timeout: 1_000 }),
})

/** A fork of its own with a loser, then work that must not be repeated. */
const relay = w.workflow('relay', {
  input,
  output,
  nodes: r,
  start: r.look,
  edges: {
    look: { done: { fork: [r.run, r.hop], join: r.line } },
    run: { done: r.line },
    hop: { done: r.line },
    line: { done: r.hand, unsatisfied: r.hand, deadline: r.hand },
    hand: { done: [{ when: isLong, to: END }, { to: r.look, limit: 1 }, END] },
  },
  limits: { duration: '15s' },
})

const h = w.nodes({
  begin: task('begin', { effect: 'pure', isSync: true }),
  office: w.nested(office, {
    reads: ['ticket'],
    writes: ['trail', 'count'],
    // Some of what operators patch in is refused.
    input: ({ state }) => {
      if (state.ticket.endsWith('7')) throw nodeFailure('no ticket that ends with 7')
      return { ticket: state.ticket, count: 0, trail: [] }
    },
  }),
  relay: w.nested(relay, {
    reads: ['ticket'],
    writes: ['trail', 'count', 'total'],
    input: ({ state }) => ({ ticket: state.ticket, count: 1, trail: ['handed in'] }),
    apply: ({ trail }, { state }) => ({ count: 1, trail: [`relay of ${state.ticket}`], total: trail.length }),
  }),
  look: look(),
  both: w.join({ failed: 'keep' }),
  last: task('last', { effect: 'pure' }),
  sorry: task('sorry', { effect: 'idempotent' }),
})

/** Three levels: what is nested beside what is nested, with limits that one has for all that is in it. */
export const house = w.workflow('house', {
  input,
  output,
  nodes: h,
  start: h.begin,
  edges: {
    begin: { done: { fork: [h.office, h.relay, h.look], join: h.both } },
    office: { done: h.both, failed: h.both, exhausted: FAIL },
    relay: { done: h.both, exhausted: h.both },
    look: { done: h.both },
    both: { done: h.last },
    last: { done: [{ to: h.begin, limit: 1 }, END] },
    sorry: { done: END },
  },
  limits: { steps: 64, modelCalls: 9, toolCalls: 17, duration: '2m', exhausted: h.sorry },
})

const c = w.nodes({
  one: w.nested(relay, {
    reads: ['ticket'],
    writes: ['trail', 'count'],
    input: ({ state }) => ({ ticket: state.ticket, count: 0, trail: [] }),
  }),
  other: w.nested(office, {
    reads: ['ticket'],
    writes: ['trail', 'count'],
    input: ({ state }) => ({ ticket: state.ticket, count: 0, trail: [] }),
  }),
  quick: task('quick', { effect: 'pure', attempts: 1, timeout: 2_500 }),
  won: w.join({ wait: 'any', failed: 'drop', losers: 'finish' }),
  third: w.nested(desk, {
    reads: ['ticket'],
    writes: ['trail', 'count'],
    input: ({ state }) => ({ ticket: state.ticket, count: 0, trail: [] }),
  }),
  boss: w.approval({ show: ['ticket'], expiresIn: 7_000 }),
  end: w.join({ wait: { atLeast: 1 }, failed: 'drop', deadline: 6_000 }),
  pay: pay(1_000),
})

/** Nested workflows that lose: left to finish, stopped, left by an edge and by a deadline. */
export const contest = w.workflow('contest', {
  input,
  output,
  nodes: c,
  start: c.quick,
  edges: {
    quick: { done: { fork: [c.one, c.other], join: c.won }, failed: { fork: [c.one, c.other], join: c.won } },
    one: { done: c.won },
    other: { done: c.won, exhausted: c.won },
    won: { done: { fork: [c.third, c.boss], join: c.end }, unsatisfied: END },
    third: { done: c.end },
    boss: { approved: c.end, rejected: { to: c.pay, cancelsFork: true }, expired: c.end },
    end: { done: c.pay, unsatisfied: c.pay, deadline: c.pay },
    pay: { done: END, failed: END },
  },
  limits: { steps: 32, modelCalls: 6 },
})

const reader = defineAgent({
  model: 'main',
  instructions: 'Read.',
  input: z.object({ ticket: z.string() }),
  output: z.object({ plan: z.string(), score: z.number() }),
  tools: [lookUp, note],
  maxModelCalls: 3,
  maxCallsPerTurn: 2,
  limits: { duration: '6s' },
})

/** The list that a map of this suite goes over. */
const three = ({ state }: { readonly state: { readonly ticket: string } }): readonly { readonly ticket: string }[] =>
  [0, 1, 2].map((index) => ({ ticket: `${state.ticket}-${index}` }))

/** One line of the trail for a map: which items ended well. */
const told =
  (node: string) =>
  (results: readonly { readonly index: number; readonly error?: unknown }[]): { count: number; trail: string[] } => ({
    count: 1,
    trail: [`${node} ${results.map(({ index, error }) => `${error === undefined ? '' : '!'}${index}`).join()}`],
  })

const p = w.nodes({
  rest: w.wait({ delay: '700ms' }),
  work: task('work', { effect: 'keyed', attempts: 1, timeout: 1_200 }),
  ask: w.approval({ show: ['ticket'], expiresIn: 6_000 }),
})

/** A timer, work, and now and then a person. */
const errand = w.workflow('errand', {
  input,
  output,
  nodes: p,
  start: p.rest,
  edges: {
    rest: { done: p.work },
    work: { done: [{ when: isHigh, to: END }, END], failed: p.ask },
    ask: { approved: END, rejected: FAIL, expired: FAIL },
  },
  limits: { steps: 5 },
})

const f = w.nodes({
  errands: w.map({
    over: three,
    reads: ['ticket'],
    writes: ['count', 'trail'],
    item: errand,
    input: ({ ticket }) => ({ ticket, count: 0, trail: [] }),
    retry: { attempts: 2, backoff: 200 },
    maxItems: 3,
    concurrency: 2,
    done: { atLeast: 2 },
    failed: 'drop',
    losers: 'finish',
    apply: told('errands'),
  }),
  readers: w.map({
    over: three,
    reads: ['ticket'],
    writes: ['count', 'trail'],
    item: reader,
    input: ({ ticket }) => ({ ticket }),
    maxItems: 3,
    concurrency: 2,
    failed: 'keep',
    apply: told('readers'),
  }),
  desks: w.map({
    over: three,
    reads: ['ticket'],
    writes: ['count', 'trail'],
    item: office,
    input: ({ ticket }) => ({ ticket, count: 0, trail: [] }),
    maxItems: 3,
    excess: 'cut',
    concurrency: 3,
    done: 'any',
    failed: 'drop',
    apply: told('desks'),
  }),
  begin: task('begin', { effect: 'pure', isSync: true }),
  both: w.join({ failed: 'keep' }),
})

/** Maps of workflows and of agents, beside each other; the last is content with the first of three that are three levels deep. */
export const fleet = w.workflow('fleet', {
  input,
  output,
  nodes: f,
  start: f.begin,
  edges: {
    begin: { done: { fork: [f.errands, f.readers], join: f.both } },
    errands: { done: f.both, unsatisfied: f.both },
    readers: { done: f.both },
    both: { done: f.desks },
    desks: { done: END, unsatisfied: END },
  },
  limits: { steps: 90, modelCalls: 14, toolCalls: 24 },
})
