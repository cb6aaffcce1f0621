import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { rule } from '../define/rule.ts'
import { buildState } from './build-state.ts'
import { issueList } from './issues.ts'

const state = {
  plain: z.string(),
  absent: z.string().optional(),
  items: rule.append(z.object({ id: z.string() }), { key: 'id' }),
  tags: rule.union(z.string()).optional(),
  profile: rule.merge(z.object({ name: z.string(), age: z.number() }).optional()),
  total: rule.sum(z.number()),
  log: rule.reducer(z.array(z.string()), {
    name: 'log',
    version: 2,
    patch: z.string(),
    reduce: (current, line) => {
      if (current === undefined) return [line]
      current.push(line)
      return undefined
    },
  }),
}
const built = buildState(state, { path: 'w' }, issueList())

describe('buildState', () => {
  it('says of each key how it merges and whether it may be absent', () => {
    const keys = Object.entries(built.records).map(([key, { merge, optional }]) => [key, merge, optional])
    expect(keys).toEqual([
      ['plain', { rule: 'replace' }, false],
      ['absent', { rule: 'replace' }, true],
      ['items', { rule: 'append', key: 'id' }, false],
      ['tags', { rule: 'union' }, true],
      ['profile', { rule: 'merge' }, true],
      ['total', { rule: 'sum' }, false],
      ['log', { rule: 'reducer', name: 'log', version: 2 }, false],
    ])
  })

  it('takes the whole value for state and what the rule takes for patches', () => {
    expect(built.records['items']?.schema).toMatchObject({ type: 'array', items: { type: 'object' } })
    const fits = (key: string, value: unknown): readonly (boolean | undefined)[] => [
      built.stateSchemas.get(key)?.safeParse(value).success,
      built.patchSchemas.get(key)?.safeParse(value).success,
    ]
    expect(fits('items', [{ id: '1' }])).toEqual([true, true])
    expect(fits('items', { id: '1' })).toEqual([false, false])
    expect(fits('profile', { age: 3 })).toEqual([false, true])
    expect(fits('log', 'line')).toEqual([false, true])
    expect(fits('absent', undefined)).toEqual([false, false])
  })

  it('lets a reducer change its value in place, though state is frozen', () => {
    const reduce = built.reducers.get('log')
    const first = Object.freeze(['one'])
    expect(reduce?.(undefined, 'one')).toEqual(['one'])
    expect(reduce?.(first, 'two')).toEqual(['one', 'two'])
    expect(first).toEqual(['one'])
  })
})
