import { expect } from 'vitest'
import { codeOf, created, event, id, newRun, nextCommit, refusal } from './fixtures.ts'
import type { ConformanceCase } from './store-harness.ts'

const runId = id('a')

/** Events from outside. */
export const inboxCases: readonly ConformanceCase[] = [
  {
    title: 'keeps delivered events in order until a commit has consumed them',
    async run(tools) {
      const store = await tools.store()
      await created(store, newRun('a'))
      await created(store, newRun('b'))
      for (const name of ['z', 'y', 'x']) expect(await store.deliver(runId, event(name))).toBe('delivered')
      await store.deliver(id('b'), event('z'))
      expect(await store.inbox([runId, id('b'), id('none')])).toEqual(
        new Map([
          ['a', [event('z'), event('y'), event('x')]],
          ['b', [event('z')]],
        ]),
      )
      await store.commit(nextCommit(runId, 1, { consumed: ['y'] }))
      expect((await store.load(runId))?.inbox).toEqual([event('z'), event('x')])
      expect((await store.inbox([runId])).get(runId)).toEqual([event('z'), event('x')])
      expect(await store.inbox([])).toEqual(new Map())
    },
  },
  {
    title: 'drops a second event with the same id, also after the first was consumed (H4)',
    async run(tools) {
      const store = await tools.store()
      await created(store, newRun('a'))
      expect(await store.deliver(runId, event('e'))).toBe('delivered')
      expect(await store.deliver(runId, event('e'))).toBe('duplicate')
      expect((await store.inbox([runId])).get(runId)).toHaveLength(1)
      await store.commit(nextCommit(runId, 1, { consumed: ['e'] }))
      expect(await store.deliver(runId, event('e'))).toBe('duplicate')
      expect(await store.inbox([runId])).toEqual(new Map())
    },
  },
  {
    title: 'takes one of two deliveries of the same event at once',
    async run(tools) {
      const store = await tools.store()
      await created(store, newRun('a'))
      const answers = await Promise.all([store.deliver(runId, event('e')), store.deliver(runId, event('e'))])
      expect(answers.toSorted()).toEqual(['delivered', 'duplicate'])
    },
  },
  {
    title: 'discards events that no checkpoint can use, for the owner only',
    async run(tools) {
      const store = await tools.store()
      await created(store, newRun('a'))
      await store.deliver(runId, event('e'))
      await store.deliver(runId, event('f'))
      expect(await codeOf(store.discard(runId, 2, [refusal('e')]))).toBe('WAYSTONE_STORE_CONFLICT')
      await store.discard(runId, 1, [refusal('e'), refusal('unknown')])
      expect((await store.inbox([runId])).get(runId)).toEqual([event('f')])
      expect(await store.deliver(runId, event('e'))).toBe('duplicate')
    },
  },
  {
    title: 'keeps why events could not be used, in the order they were delivered, and of no others (H6)',
    async run(tools) {
      const store = await tools.store()
      await created(store, newRun('a'))
      await created(store, newRun('b'))
      for (const name of ['d', 'e', 'f', 'used']) await store.deliver(runId, event(name))
      await store.commit(nextCommit(runId, 1, { consumed: ['used'] }))
      await store.discard(runId, 1, [refusal('f'), refusal('used'), refusal('unknown')])
      await store.discard(runId, 1, [refusal('d'), { ...refusal('f'), message: 'another' }])
      expect(await store.refused(runId)).toEqual([refusal('d'), refusal('f')])
      expect(await store.refused(id('b'))).toEqual([])
      expect(await store.refused(id('none'))).toEqual([])
    },
  },
  {
    title: 'refuses an event for a run that is not there',
    async run(tools) {
      const store = await tools.store()
      expect(await codeOf(store.deliver(id('none'), event('e')))).toBe('WAYSTONE_STORE_RUN_UNKNOWN')
    },
  },
]
