import { compile, type Checkpoint, type RunContext } from '@waystone/core'
import type { EffectEnd } from '@waystone/core/store'
import { describe, expect, it } from 'vitest'
import { seededRandom } from '../../random/seeded-random.ts'
import { SimulatedProcess } from '../process.ts'
import { Timeline } from '../timeline.ts'
import { alike } from '../workflows/controlled.ts'
import { newRunFacts, type RunFacts } from './run-facts.ts'
import { toolsOf } from './tool-checks.ts'

const timeline = new Timeline(seededRandom(1), 0)
const [dead, owner] = [1, 2].map((pid) => new SimulatedProcess(timeline, { name: `p${pid}`, pid, seed: `${pid}` })) as [
  SimulatedProcess,
  SimulatedProcess,
]

/** A run with two calls of the same pure tool open, and what the oracle says of it. */
function watched(): {
  readonly begin: (process: SimulatedProcess, step: number, ticket: string, isStale?: boolean) => void
  readonly end: (payload: Pick<EffectEnd, 'step'> & Partial<EffectEnd>) => void
  readonly found: string[]
} {
  const facts: RunFacts = newRunFacts('run', compile(alike), { isAnswered: () => false })
  const step = { visit: 1, kind: 'tool', attempt: 1, since: 0 } as const
  // As much of a context as the checks of tools read.
  facts.context = { open: { 1: { ...step, node: 'left' }, 2: { ...step, node: 'right' } } } as unknown as RunContext
  const found: string[] = []
  const report = (invariant: string): void => void found.push(invariant)
  return {
    found,
    // oxlint-disable-next-line max-params -- a call in the words of a trace
    begin: (process, index, ticket, isStale = false) => {
      const call = {
        effectId: `run/${index}`,
        runId: 'run',
        node: index === 1 ? 'left' : 'right',
        attempt: 1,
        signal: new AbortController().signal,
        name: 'look-up',
        effect: 'pure',
        input: { ticket },
      } as const
      toolsOf(facts).begin(facts, { process, call, node: call.node, key: `${index}/1`, isStale }, report)
    },
    end: (payload) => {
      // As much of a checkpoint as they read.
      const checkpoint = {
        sequence: 1,
        event: { type: 'effect.ended', payload: { outcome: 'done', attempt: 1, startedAt: 0, ...payload } },
        decision: { node: 'left', visit: 1, outcome: 'done', candidates: [], taken: '', to: null },
        commands: [],
      } as unknown as Checkpoint
      facts.ends.set(`${payload.step}/1`, 'done')
      toolsOf(facts).follow(facts, checkpoint, { before: facts.context, after: facts.context, report })
    },
  }
}

describe('toolsOf', () => {
  it('takes a pure call that ended well for the one that must not be made again (T6)', () => {
    const { begin, end, found } = watched()
    begin(owner, 1, 'T1')
    end({ step: 1 })
    begin(owner, 2, 'T1')
    expect(found).toEqual(['pure-calls-run-once'])
  })

  it('does not take a step that the cache answered for the call a dead process had begun for it before a patch', () => {
    const { begin, end, found } = watched()
    begin(dead, 2, 'T1')
    begin(owner, 1, 'T2')
    end({ step: 1 })
    end({ step: 2, isCached: true })
    begin(owner, 3, 'T1')
    expect(found).toEqual([])
  })

  it('does not take what an owner without the run begins for the call that ends', () => {
    const { begin, end, found } = watched()
    begin(owner, 1, 'T2')
    begin(dead, 1, 'T1', true)
    end({ step: 1 })
    begin(owner, 3, 'T1')
    expect(found).toEqual([])
    begin(owner, 4, 'T2')
    expect(found).toEqual(['pure-calls-run-once'])
  })
})
