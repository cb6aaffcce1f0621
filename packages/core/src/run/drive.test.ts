import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { RunId } from '../base/ids.ts'
import { createManualClock } from '../../test/support/manual-clock.ts'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import { firstPacking } from '../checkpoint/pack.ts'
import { compile } from '../compile/compile.ts'
import { plan } from '../compile/plan.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { Drive } from './drive.ts'
import type { DriveHost } from './drive-host.ts'
import { EffectScope } from './effect-context.ts'
import { perform } from './perform.ts'
import { createSecretVault } from './secrets.ts'

const w = defineState({ text: z.string() })
const n = w.nodes({ work: w.task({ effect: 'pure', writes: ['text'], run: () => ({ text: 'x' }) }) })
const compiled = compile(
  w.workflow('one', {
    input: z.object({ text: z.string() }),
    output: ['text'],
    nodes: n,
    start: n.work,
    edges: { work: { done: END } },
  }),
)
const clock = createManualClock()
const ports = {
  models: new Map(),
  prices: new Map(),
  vault: createSecretVault(() => undefined),
  memory: null,
  groups: {},
}
const runId = 'r-1' as RunId

function begun() {
  const payload = { input: { text: '' }, tags: {} }
  const planned = plan(compiled, { runId, sequence: 0, parent: null }, null, {
    id: 'start',
    at: clock.now(),
    type: 'run.started',
    from: 'caller',
    payload,
  })
  if (planned.type !== 'applied') throw new TypeError(planned.type)
  return planned.snapshot
}

const noMemory = (): never => {
  throw new RangeError('nothing here remembers')
}

describe('Drive', () => {
  it('stops loudly when nothing is under way that could move the run', async () => {
    const snapshot = begun()
    const ghost = { ...snapshot.context.open['0'], node: 'ghost' } as (typeof snapshot.context.open)[string]
    const stopped = Promise.withResolvers<unknown>()
    const host: DriveHost = {
      store: createMemoryStore(),
      clock,
      ports,
      plan,
      permits: null,
      turn: () => null,
      confirmLease: () => null,
      onCommitted: () => undefined,
      onToken: () => undefined,
      onRest: () => stopped.resolve('rested'),
      onStopped: (_, error) => stopped.resolve(error),
      notify: () => undefined,
    }
    const owner = { id: 'me', host: 'here', pid: 1, processStartedAt: '' }
    const drive = new Drive(host, {
      compiled,
      lease: { runId, fence: 1, owner, expiresAt: clock.now() + 1_000 },
      standing: {
        snapshot: { ...snapshot, context: { ...snapshot.context, open: { 0: ghost } } },
        parent: { runId, sequence: 0, hash: '' },
        packing: firstPacking,
      },
      missed: [],
    })
    drive.begin()
    expect(await stopped.promise).toMatchObject({ code: 'WAYSTONE_BUG_STUCK' })
    expect(drive.isOver).toBe(true)
  })
})

describe('perform', () => {
  it('fails a step that no function belongs to', () => {
    const { context } = begun()
    const record = compiled.graph.nodes['work']
    const open = context.open['0']
    if (record === undefined || open === undefined) throw new TypeError('no step')
    const scope = new EffectScope(
      { runId, node: 'work', step: 0, attempt: 1 },
      { clock, secrets: [], resolveSecret: () => Promise.resolve(''), effect: 'pure', memory: noMemory },
    )
    const registry = { ...compiled.registry, nodes: new Map() }
    const end = perform({
      compiled: { ...compiled, registry },
      context,
      sequence: 0,
      record,
      open,
      scope,
      ports,
      onToken: () => undefined,
      onBlocked: () => undefined,
    })
    expect(end).toMatchObject({ outcome: 'failed', error: { code: 'WAYSTONE_BUG_REGISTRY' } })
  })
})
