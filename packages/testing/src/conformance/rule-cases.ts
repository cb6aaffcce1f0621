import type { StickyRule } from '@waystone/core/store'
import { expect } from 'vitest'
import { codeOf, created, id, newRun, nextCommit, start } from './fixtures.ts'
import type { ConformanceCase } from './store-harness.ts'

const runId = id('a')

function rule(name: string): StickyRule {
  return {
    id: name,
    scope: 'workflow',
    outcome: 'approved',
    node: 'clerk',
    tool: 'send',
    arguments: { to: "o'neill" },
    digest: `digest of ${name}`,
    by: 'ada',
    reason: 'known',
    at: start,
  }
}

/** Decisions that are remembered in all runs of a workflow. */
export const ruleCases: readonly ConformanceCase[] = [
  {
    title: 'keeps a rule with the checkpoint that made it, by workflow, in order',
    async run(tools) {
      const store = await tools.store()
      await created(store, newRun('a'))
      await created(store, newRun('b', { workflow: 'others' }))
      expect(await store.rules()).toEqual([])
      await store.commit(nextCommit(runId, 1, { rule: rule('a/1') }))
      await store.commit(nextCommit(id('b'), 1, { rule: rule('b/1') }))
      await store.commit(nextCommit(runId, 2, { rule: rule('a/2') }))
      const stored = (name: string, workflow = 'letters'): unknown => ({ workflow, rule: rule(name), revoked: null })
      expect(await store.rules('letters')).toEqual([stored('a/1'), stored('a/2')])
      expect(await store.rules()).toEqual([stored('a/1'), stored('b/1', 'others'), stored('a/2')])
      expect(await store.rules('nobody')).toEqual([])
    },
  },
  {
    title: 'keeps no rule of a commit that was refused',
    async run(tools) {
      const store = await tools.store()
      await created(store, newRun('a'))
      const refused = store.commit(nextCommit(runId, 1, { fence: 7, rule: rule('a/1') }))
      expect(await codeOf(refused)).toBe('WAYSTONE_STORE_CONFLICT')
      expect(await store.rules()).toEqual([])
    },
  },
  {
    title: 'takes a rule back once, and says who did',
    async run(tools) {
      const store = await tools.store()
      await created(store, newRun('a'))
      await store.commit(nextCommit(runId, 1, { rule: rule('a/1') }))
      const revoked = { by: 'ops', reason: 'too much', at: start + 5 }
      const taken = { workflow: 'letters', rule: rule('a/1'), revoked }
      expect(await store.revokeRule({ id: 'a/1', ...revoked })).toEqual(taken)
      expect(await store.revokeRule({ id: 'a/1', by: 'else', reason: 'x', at: start + 9 })).toEqual(taken)
      expect(await store.rules('letters')).toEqual([taken])
      expect(await store.revokeRule({ id: 'a/9', ...revoked })).toBeUndefined()
    },
  },
  {
    title: 'keeps rules when the run that made them is deleted',
    async run(tools) {
      const store = await tools.store()
      await created(store, newRun('a'))
      await store.commit(nextCommit(runId, 1, { rule: rule('a/1') }))
      await store.deleteRun({ runId, now: start, isForced: true })
      expect(await store.rules('letters')).toHaveLength(1)
    },
  },
]
