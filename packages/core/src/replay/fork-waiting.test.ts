import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { compileFixture, HandRun } from '../../test/engine/hand-run.ts'
import { forkingRuntime, storeOf } from '../../test/engine/stored-run.ts'
import type { NodeNotation } from '../../test/graphs/graph-fixture.ts'
import { compile } from '../compile/compile.ts'
import { END, FAIL } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { defineTool } from '../define/tool.ts'
import { forkRun } from './fork-run.ts'

const once = { attempts: 1, backoffMs: 0, factor: 1, maxBackoffMs: 0, jitter: 0 }

function mapOf(tool: string): NodeNotation {
  return { kind: 'map', effect: 'keyed', tool, maxItems: 100, concurrency: 2, failed: 'keep', retry: once }
}

async function forkAtLast(run: HandRun): Promise<string> {
  const runtime = forkingRuntime(await storeOf(run), run.compiled)
  return forkRun(runtime, run.runId, { at: run.last.sequence, by: 'op', reason: 'what if' })
}

/** Approved: `holder` is under way, and `refund` waits for the name that it has to itself. */
function waitingForAName(): HandRun {
  const w = defineState({ text: z.string() })
  const pay = defineTool({
    name: 'pay',
    description: 'Pays.',
    effect: 'unsafe',
    input: z.object({ text: z.string() }),
    output: z.object({}),
    run: () => ({}),
  })
  const n = w.nodes({
    manager: w.approval({ show: ['text'] }),
    holder: w.task({ effect: 'pure', run: () => ({}), exclusive: 'till' }),
    refund: w.tool(pay, { reads: ['text'], exclusive: 'till' }),
    meet: w.join({}),
  })
  const shop = w.workflow('shop', {
    input: z.object({ text: z.string() }),
    output: [],
    nodes: n,
    start: n.manager,
    edges: {
      manager: { approved: { fork: [n.holder, n.refund], join: n.meet }, rejected: FAIL },
      holder: { done: n.meet },
      refund: { done: n.meet },
      meet: { done: END },
    },
    policies: [{ never: pay, without: [n.manager, 'approved'] }],
  })
  const run = new HandRun(compile(shop))
  run.start({ text: 'ten' })
  run.decide(0, 'approved')
  expect(run.open).toEqual(['1:holder:task/1'])
  return run
}

describe('what was approved and waits to begin', () => {
  it('does so in no fork, where it waits for room under a limit (H4)', async () => {
    const run = new HandRun(
      compileFixture({
        nodes: {
          first: { kind: 'tool', tool: 'look' },
          left: mapOf('look'),
          manager: 'approval',
          right: mapOf('pay'),
          meet: { kind: 'join' },
        },
        tools: { look: 'keyed', pay: 'keyed' },
        edges: {
          first: { done: { fork: ['left', 'manager'], join: 'meet' } },
          left: { done: 'meet' },
          manager: { approved: 'right', rejected: ':fail' },
          right: { done: 'meet' },
          meet: { done: ':end' },
        },
        limits: { toolCalls: 3 },
        policies: [{ never: 'pay', without: 'manager.approved' }],
      }),
    )
    run.start({})
    run.end(0)
    run.end(1, 'done', { items: [0, 1] })
    run.decide(2, 'approved')
    run.end(5, 'done', { items: [0, 1] })
    expect(run.context.short?.nodes).toEqual(['right'])
    await expect(forkAtLast(run)).rejects.toMatchObject({ code: 'WAYSTONE_INPUT_FORK_POLICY' })
  })

  it('does so in no fork, where it waits for a name (H4)', async () => {
    await expect(forkAtLast(waitingForAName())).rejects.toMatchObject({ code: 'WAYSTONE_INPUT_FORK_POLICY' })
  })

  it('keeps what was shown from being patched (H7)', () => {
    expect(waitingForAName().patch({ text: 'one million' })).toMatchObject({
      type: 'refused',
      reason: 'policy-broken',
    })
  })
})
