import { describe, expect, it } from 'vitest'
import { compileFixture, HandRun } from '../../test/engine/hand-run.ts'
import { historyOf } from '../../test/engine/stored-run.ts'
import type { GraphNotation, NodeNotation } from '../../test/graphs/graph-fixture.ts'
import { blamePath } from '../replay/blame.ts'
import type { EffectEnd } from '../snapshot/event.ts'
import { stateId } from './machine-parts.ts'
import { requestDigest } from './request-digest.ts'
import { stateFor } from './seen-state.ts'

/** `a` writes the price beside `b`, which reads it as it was at the fork. */
function beside(b: NodeNotation, more: Partial<GraphNotation> = {}): GraphNotation {
  return {
    state: ['price', 'note?', 'said?'],
    input: ['price'],
    nodes: { plan: 'task', a: { kind: 'task', writes: ['price', 'note', 'rate'] }, b, meet: { kind: 'join' } },
    edges: {
      plan: { done: { fork: ['a', 'b'], join: 'meet' } },
      a: { done: 'meet' },
      b: { done: 'meet' },
      meet: { done: ':end' },
    },
    ...more,
  }
}

const seeing = { reads: ['price', 'note'], sees: 'fork' } as const

function begun(notation: GraphNotation): HandRun {
  const run = new HandRun(compileFixture(notation))
  run.start({ price: 1 })
  run.end(0)
  return run
}

function seenBy(run: HandRun, name: string): unknown {
  const record = run.compiled.graph.nodes[name]
  return record === undefined ? undefined : stateFor(record, run.context)
}

describe("sees: 'fork'", () => {
  it('binds a request to what is shown, so that what a branch beside writes does not void a pending answer', () => {
    const run = begun(beside({ kind: 'task', ...seeing }))
    run.end(2, 'unknown')
    const shown = requestDigest(run.compiled, run.context, 2)
    run.end(1, 'done', { patch: { price: 2 } })
    expect(run.state).toEqual({ price: 2 })
    expect(requestDigest(run.compiled, run.context, 2)).toBe(shown)
    expect(run.decide(2, 'happened', { digest: shown ?? '' })).toMatchObject({ type: 'applied' })
  })

  it('is what a handoff takes along as the input of its sender', () => {
    const handing: Partial<EffectEnd> = {
      message: { role: 'assistant', content: [], calls: [{ id: 'call', name: 'handoff_c', arguments: {} }] },
      handoff: { callId: 'call', handoff: 'c', contract: {}, reason: 'yours' },
    }
    const contractSchema = { type: 'object', properties: {}, additionalProperties: false }
    const b: NodeNotation = {
      kind: 'agent',
      ...seeing,
      outcomes: ['done', 'c'],
      handoffs: { c: { description: '', contractSchema, slice: 'all' } },
    }
    const plain = beside(b)
    const run = begun({
      ...plain,
      nodes: { ...plain.nodes, c: 'agent' },
      edges: { ...plain.edges, b: { done: 'meet', c: 'c' }, c: { done: 'meet' } },
    })
    run.end(1, 'done', { patch: { price: 2 } })
    run.end(2, 'done', handing)
    expect(run.context.private['c']?.entries).toMatchObject([{ told: [{ node: 'b', input: { state: { price: 1 } } }] }])
  })

  it('is given to actors too that are run under plain createActor', () => {
    const notation = beside({ kind: 'task', ...seeing })
    const run = begun(notation)
    run.end(1, 'done', { patch: { price: 2 } })
    const state = run.compiled.machine.getStateNodeById(stateId('b').slice(1))
    const [{ input } = { input: undefined }] = state.invoke
    const given: unknown = typeof input === 'function' && Reflect.apply(input, undefined, [{ context: run.context }])
    expect(given).toMatchObject({ state: { price: 1 } })
  })

  it('is what a redirect looks at: what was written since the fork is not there for it', () => {
    const notation = beside({ kind: 'task', ...seeing, effect: 'pure', reads: ['rate'], isRedirectable: true })
    const state = ['price', 'note?', 'said?', 'rate']
    const run = begun({ ...notation, state })
    run.end(1, 'done', { patch: { rate: 2 } })
    expect(run.redirect('b')).toMatchObject({ reason: 'not-written' })
    run.patch({ rate: 3 })
    expect(run.redirect('b')).toMatchObject({ type: 'applied' })
  })

  it("does not hide an operator's patch: from then on everybody sees it, and what was asked is asked anew (H7)", async () => {
    const run = begun(beside({ kind: 'task', ...seeing, writes: ['said'] }))
    run.end(1, 'done', { patch: { price: 2, note: 3 } })
    run.end(2, 'unknown')
    expect(seenBy(run, 'b')).toEqual({ price: 1 })
    const before = requestDigest(run.compiled, run.context, 2)
    expect(run.patch({ said: 4 })).toMatchObject({ type: 'applied' })
    expect(seenBy(run, 'b')).toEqual({ price: 1, said: 4 })
    expect(requestDigest(run.compiled, run.context, 2)).toBe(before)
    run.patch({ price: 9 })
    expect(seenBy(run, 'b')).toEqual({ price: 9, said: 4 })
    expect(run.decide(2, 'happened', { digest: before ?? '' })).toMatchObject({ reason: 'digest-mismatch' })
    run.patch({ note: 5 })
    expect(seenBy(run, 'b')).toEqual({ price: 9, note: 5, said: 4 })
    run.patch({}, { unset: ['note'] })
    expect(seenBy(run, 'b')).toEqual({ price: 9, said: 4 })
    run.patch({ note: 6 })
    run.decide(2, 'happened', { patch: { said: 8 } })
    const { reads } = blamePath(await historyOf(run), ['said'])
    const writers = reads.map(({ key, sequence }) => `${key} ${run.checkpoints[sequence]?.event.type} ${sequence}`)
    expect(writers).toEqual(['price run.patch 5', 'note run.patch 8'])
  })
})
