import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { readHistory } from '../replay/history.ts'
import { createRuntime } from './create-runtime.ts'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import type { Store } from '../checkpoint/store.ts'

const w = defineState({ word: z.string() })
const n = w.nodes({ speak: w.task({ effect: 'pure', run: () => undefined }) })
const workflow = w.workflow('speech', {
  input: z.object({ word: z.string() }),
  output: ['word'],
  nodes: n,
  start: n.speak,
  edges: { speak: { done: END } },
})

/** A store in which the text of every graph is another one. */
function withGraph(store: Store, change: (text: string) => string | undefined): Store {
  return new Proxy(store, {
    get(target, name: keyof Store) {
      const value: unknown = Reflect.get(target, name)
      if (typeof value !== 'function') return value
      if (name !== 'graph') return value.bind(target) as unknown
      return async (...hashes: Parameters<Store['graph']>) => {
        const text = await target.graph(...hashes)
        return text === undefined ? undefined : change(text)
      }
    },
  })
}

const cases = [
  ['no text of JSON', 'WAYSTONE_STORE_CORRUPT', (text: string) => text.slice(1)],
  ['not a graph', 'WAYSTONE_STORE_CORRUPT', () => '{"format":1,"nodes":{}}'],
  [
    'without its start',
    'WAYSTONE_STORE_CORRUPT',
    (text: string) => text.replace('"start":"speak"', '"start":"nobody"'),
  ],
  ['of a later format', 'WAYSTONE_STORE_NEWER_FORMAT', (text: string) => text.replace('"format":1', '"format":99')],
  ['missing', 'WAYSTONE_STORE_CORRUPT', () => undefined],
] as const

describe('a stored graph', () => {
  it.each(cases)('that is %s is an error for whoever reads it: %s', async (_, code, change) => {
    const store = createMemoryStore()
    const runtime = createRuntime({ store })
    const run = await runtime.start(workflow, { input: { word: 'yes' } })
    const { runId } = run
    await run.result()
    const { graphHash, behaviourHash } = (await store.row(runId)) ?? { graphHash: '', behaviourHash: '' }
    const text = (await store.graph(graphHash, behaviourHash)) ?? ''
    expect(change(text)).not.toBe(text)
    const damaged = withGraph(store, change)
    const reader = createRuntime({ store: damaged })
    await expect(reader.open(runId).then((read) => read.progress())).rejects.toMatchObject({ code })
    await expect(readHistory(damaged, runId)).rejects.toMatchObject({ code })
    await reader.close()
    await runtime.close()
  })
})
