import { describe, expect, it } from 'vitest'
import { calls, compileFixture, HandRun } from '../../test/engine/hand-run.ts'
import { createManualClock } from '../../test/support/manual-clock.ts'
import type { CallApprovalRecord } from '../graph/graph.ts'
import type { OpenStep } from '../snapshot/snapshot.ts'
import { EffectScope } from './effect-context.ts'
import type { EffectJob } from './effect-job.ts'
import { executeCall } from './execute-call.ts'
import { createSecretVault } from './secrets.ts'

const approval: CallApprovalRecord = {
  when: 'always',
  role: null,
  reason: '',
  expiresInMs: null,
  canEdit: true,
  canAskBack: true,
}

/** A call that a person has approved. @param change - what became of its open step meanwhile */
function jobOf(change: (open: OpenStep) => OpenStep): EffectJob {
  const run = new HandRun(
    compileFixture({
      tools: { pay: { effect: 'unsafe', approval } },
      nodes: { a: { kind: 'agent', tools: ['pay'] } },
      edges: { a: { done: ':end' } },
    }),
  )
  run.start({})
  run.end(0, 'done', calls(['c1', 'pay']))
  run.decide(1, 'approved')
  const { compiled, context, runId } = run
  const [record, open] = [compiled.graph.nodes['a'], context.open[1]]
  if (record === undefined || open === undefined) throw new RangeError('nothing is open')
  const at = { runId, node: 'a', step: 1, attempt: 1 }
  const scope = new EffectScope(at, {
    clock: createManualClock(),
    resolveSecret: () => Promise.resolve(''),
    effect: 'unsafe',
    secrets: [],
    memory: () => {
      throw new RangeError('nothing here remembers')
    },
  })
  const vault = createSecretVault(() => '')
  const ports = { models: new Map(), prices: new Map(), vault, memory: null, groups: {} }
  return {
    compiled,
    context,
    sequence: 0,
    record,
    open: change(open),
    scope,
    ports,
    onToken: () => undefined,
    onBlocked: () => undefined,
  }
}

describe('executeCall', () => {
  it('runs what was approved', () => {
    expect(executeCall(jobOf((open) => open))).toMatchObject({ outcome: 'done' })
  })

  it.each([
    ['other arguments than the approved ones', (open: OpenStep) => ({ ...open, approved: 'other' })],
    ['a call that nobody approved', ({ approved: _approved, ...open }: OpenStep) => open],
  ])('refuses %s, before the tool is called (H4)', (_case, change) => {
    expect(() => executeCall(jobOf(change))).toThrow(
      expect.objectContaining({ code: 'WAYSTONE_NODE_CALL_CHANGED', retryable: false }) as Error,
    )
  })
})
