import {
  defineState,
  defineTool,
  END,
  FAIL,
  rule,
  type EffectClass,
  type EffectContext,
  type Workflow,
} from '@waystone/core'
import { z } from 'zod'
import type { SimulatedProcess } from './process.ts'
import { leakedSecret, type Surroundings } from './surroundings.ts'

/** Where author code finds the world that is being simulated. One at a time. */
export interface WorldBridge {
  world: Surroundings | null
}

const Receipt = z.object({ receipt: z.string(), amount: z.number() })

interface Work {
  readonly name: string
  readonly effect: EffectClass
  readonly context: EffectContext
  readonly input: { readonly [key: string]: unknown }
  readonly isSync?: boolean
}

/** The workflows that simulations run, each over the parts of the engine that the others leave alone. */
export function simulatedWorkflows(bridge: WorldBridge): readonly Workflow[] {
  const work = (job: Work): Promise<z.output<typeof Receipt>> => begin(bridge, job)

  const w = defineState({
    ticket: z.string(),
    /** One for each patch that was applied. */
    count: rule.sum(z.number()),
    /** One line for each patch that was applied, with the step that made it. */
    trail: rule.append(z.string()),
    seen: rule.union(z.string()),
    highest: rule.max(z.number()),
    total: rule.reducer(z.number(), { name: 'add', reduce: (current, incoming: number) => (current ?? 0) + incoming }),
    plan: z.string().optional(),
    score: z.number().optional(),
  })
  const trace = (
    context: EffectContext,
    amount: number,
  ): { count: number; trail: string[]; seen: string[]; highest: number; total: number } => ({
    count: 1,
    trail: [`${context.node}#${context.effectId.slice(context.effectId.lastIndexOf('/') + 1)}`],
    seen: [context.node],
    highest: amount,
    total: amount,
  })
  const traced = ['count', 'trail', 'seen', 'highest', 'total'] as const

  const task = (
    name: string,
    effect: EffectClass,
    more: { readonly isSync?: boolean; readonly timeout?: number; readonly attempts?: number } = {},
  ) =>
    w.task({
      effect,
      reads: ['ticket'],
      writes: traced,
      timeout: more.timeout ?? 1_500,
      ...(more.attempts !== undefined && { retry: { attempts: more.attempts, backoff: 300, factor: 2, jitter: 0.5 } }),
      run: ({ state }, context) => {
        if (more.isSync === true)
          return trace(context, syncWork(bridge, { name, effect, context, input: { ...state } }))
        return work({ name, effect, context, input: { ...state } }).then(({ amount }) => trace(context, amount))
      },
    })

  const lookUp = defineTool({
    name: 'look-up',
    description: 'Looks a ticket up.',
    effect: 'pure',
    input: z.object({ ticket: z.string() }),
    output: Receipt,
    timeout: 1_000,
    run: (input, context) => work({ name: 'look-up', effect: 'pure', context, input }),
  })
  const note = defineTool({
    name: 'note',
    description: 'Writes a note into a ledger that knows its keys.',
    effect: 'keyed',
    secrets: [leakedSecret.name],
    input: z.object({ ticket: z.string() }),
    output: Receipt,
    timeout: 1_500,
    retry: { attempts: 3, backoff: 100 },
    async run(input, context) {
      const key = await context.secret(leakedSecret.name)
      context.log(`with ${key}`, { header: `Bearer ${btoa(key)}` })
      context.source(`ledger:${key}`)
      const { receipt, amount } = await work({ name: 'note', effect: 'keyed', context, input })
      return { receipt: `${receipt} ${key}`, amount }
    },
  })
  const charge = defineTool({
    name: 'charge',
    description: 'Charges a card.',
    input: z.object({ ticket: z.string() }),
    output: Receipt,
    timeout: 1_200,
    retry: { attempts: 2, backoff: 200 },
    run: async (input, context) => {
      const answer = await work({ name: 'charge', effect: 'unsafe', context, input })
      // An answer that does not survive JSON; it must be refused with nothing half stored.
      return answer.amount % 12 === 3 ? { ...answer, amount: Number.NaN } : answer
    },
  })
  const pay = (outcomes: { readonly timeout: number }) =>
    w.tool(charge, {
      reads: ['ticket'],
      writes: ['score', 'trail', 'count'],
      timeout: outcomes.timeout,
      apply: ({ amount, receipt }) => ({ score: amount, count: 1, trail: [receiptStep(receipt)] }),
    })

  const isHigh = w.guard('isHigh', ['score'], ({ score }) => (score ?? 0) > 60)
  const isLong = w.guard('isLong', ['trail'], ({ trail }) => trail.length > 4)
  const input = z.object({ ticket: z.string(), count: z.number(), trail: z.array(z.string()) })
  const output = ['trail', 'count'] as const

  const line = w.nodes({
    prepare: task('prepare', 'idempotent', { attempts: 3 }),
    enrich: task('enrich', 'pure', { isSync: true }),
    ledger: w.tool(note, {
      reads: ['ticket'],
      writes: ['trail', 'count'],
      apply: ({ receipt }) => ({ count: 1, trail: [receiptStep(receipt)] }),
    }),
    polish: task('polish', 'idempotent', { isSync: true }),
  })
  const linear = w.workflow('linear', {
    input,
    output,
    nodes: line,
    start: line.prepare,
    edges: {
      prepare: { done: line.enrich },
      enrich: { done: line.ledger },
      ledger: { done: line.polish, failed: line.polish },
      polish: { done: END },
    },
  })

  const helped = w.nodes({
    helper: w.agent({
      model: 'main',
      instructions: 'Help.',
      reads: ['ticket'],
      writes: ['plan', 'score'],
      tools: [lookUp, note, charge],
      maxModelCalls: 5,
      maxCallsPerTurn: 2,
      timeout: 3_000,
      retry: { attempts: 2, backoff: 100 },
    }),
    second: w.agent({
      model: 'main',
      instructions: 'Help again.',
      reads: ['ticket', 'plan'],
      writes: ['plan', 'score'],
      tools: [charge],
      memory: 'continue',
      timeout: 3_000,
      maxModelCalls: 4,
    }),
    mend: task('mend', 'idempotent', { attempts: 2 }),
  })
  const agents = w.workflow('agents', {
    input,
    output,
    nodes: helped,
    start: helped.helper,
    edges: {
      helper: { done: [{ when: isHigh, to: helped.second, limit: 2 }, END], failed: helped.mend, unknown: helped.mend },
      second: {
        done: [{ when: w.not(isHigh), to: helped.second, limit: 1, otherwise: helped.mend }, END],
        failed: helped.mend,
      },
      mend: { done: END },
    },
    limits: { modelCalls: 9, tokens: 6_000 },
  })

  const looped = w.nodes({
    draft: task('draft', 'pure', { isSync: true }),
    judge: w.gate({
      reads: ['count', 'trail'],
      outcomes: ['pass', 'again', 'escalate'],
      decide: ({ state }) =>
        state.count % 5 === 4 ? { outcome: 'escalate', reasons: ['five'] } : state.trail.length > 9 ? 'pass' : 'again',
    }),
    review: w.gate({
      model: 'main',
      instructions: 'Judge.',
      reads: ['count'],
      outcomes: ['pass', 'again'],
      timeout: 2_500,
    }),
    redo: task('redo', 'idempotent', { attempts: 2 }),
    wrap: task('wrap', 'idempotent', { isSync: true }),
  })
  const loop = w.workflow('loop', {
    input,
    output,
    nodes: looped,
    start: looped.draft,
    edges: {
      draft: { done: looped.judge },
      judge: {
        pass: looped.review,
        again: { to: looped.draft, limit: 3, per: looped.redo, otherwise: looped.review },
        escalate: [{ when: isLong, to: looped.review }, { to: looped.redo, limit: 1 }, looped.review],
      },
      review: { pass: END, again: { to: looped.redo, limit: 2, otherwise: FAIL } },
      redo: { done: looped.draft },
      wrap: { done: END },
    },
    limits: { steps: 14, exhausted: looped.wrap },
  })

  const asked = w.nodes({
    propose: task('propose', 'idempotent', { isSync: true }),
    sign: w.approval({
      show: ['ticket', 'trail'],
      edits: ['ticket'],
      expiresIn: 9_000,
      canAskBack: true,
      reason: 'Money leaves the house.',
      role: 'manager',
    }),
    explain: task('explain', 'idempotent', { isSync: true }),
    remind: task('remind', 'idempotent'),
    refund: pay({ timeout: 1_500 }),
    rate: w.approval({
      show: ['ticket'],
      outcomes: ['rated', 'skipped'],
      expiresIn: 12_000,
      response: z.object({ plan: z.string() }),
    }),
  })
  const people = w.workflow('people', {
    input,
    output,
    nodes: asked,
    start: asked.propose,
    edges: {
      propose: { done: asked.sign },
      sign: {
        approved: asked.refund,
        rejected: END,
        edited: { to: asked.propose, limit: 2, otherwise: END },
        asked: { to: asked.explain, limit: 2, otherwise: END },
        expired: { to: asked.remind, limit: 1, otherwise: FAIL },
      },
      explain: { done: asked.sign },
      remind: { done: asked.sign },
      refund: { done: asked.rate, failed: asked.rate },
      rate: { rated: END, skipped: END, expired: END },
    },
    policies: [{ never: charge, without: [asked.sign, 'approved'] }],
  })

  const risky = w.nodes({
    pay: pay({ timeout: 1_000 }),
    verify: w.approval({ show: ['ticket'], outcomes: ['happened', 'did-not-happen'] }),
    ship: task('ship', 'unsafe', { timeout: 1_000 }),
    label: task('label', 'unsafe', { timeout: 1_000, attempts: 2 }),
  })
  const unsafe = w.workflow('unsafe', {
    input,
    output,
    nodes: risky,
    start: risky.pay,
    edges: {
      pay: { done: risky.ship, unknown: risky.verify },
      verify: { happened: risky.ship, 'did-not-happen': { to: risky.pay, limit: 2, otherwise: FAIL } },
      ship: { done: risky.label },
      label: { done: END, failed: END },
    },
  })

  const bounded = w.nodes({
    slow: task('slow', 'idempotent', { attempts: 4, timeout: 4_000 }),
    again: w.agent({
      model: 'main',
      instructions: 'Go on.',
      reads: ['ticket'],
      writes: ['plan', 'score'],
      tools: [lookUp],
      maxModelCalls: 3,
      maxOutputTokens: 100,
      timeout: 3_000,
    }),
  })
  const budget = w.workflow('budget', {
    input,
    output,
    nodes: bounded,
    start: bounded.slow,
    edges: {
      slow: { done: bounded.again },
      again: { done: [{ when: isHigh, to: END }, { to: bounded.slow, limit: 6 }, END] },
    },
    limits: { modelCalls: 6, toolCalls: 4, tokens: { max: 2_500, check: 'after' }, costUsd: 1, duration: '9s' },
  })

  return [linear, agents, loop, people, unsafe, budget] as readonly unknown[] as readonly Workflow[]
}

/** `<node>#<step>` cannot be known in `apply`; the receipt begins with the effect id. */
function receiptStep(receipt: string): string {
  return `paid#${receipt.slice(receipt.lastIndexOf('/') + 1).split(' ')[0] ?? ''}`
}

function begin({ world }: WorldBridge, { name, effect, context, input }: Work): Promise<z.output<typeof Receipt>> {
  const process = world?.timeline.current
  if (world === null || process === null || process === undefined) return new Promise(() => {})
  const { effectId, runId, node, attempt, signal } = context
  // Only processes own the tasks in which author code runs; inputs are what schemas made of JSON.
  const call = { effectId, runId, node, attempt, signal, name, effect, input: input as never }
  return world.outside.begin(process as SimulatedProcess, call).then(({ receipt, amount }) => ({ receipt, amount }))
}

function syncWork({ world }: WorldBridge, { name, effect, context, input }: Work): number {
  const process = world?.timeline.current
  if (world === null || process === null || process === undefined) return 0
  const { effectId, runId, node, attempt, signal } = context
  const call = { effectId, runId, node, attempt, signal, name, effect, input: input as never }
  return world.outside.now(process as SimulatedProcess, call).amount
}
