import { describe, expect, it, vi } from 'vitest'
import { graphFixture } from '../../test/graphs/graph-fixture.ts'
import { registryFor } from '../../test/graphs/registry-for.ts'
import type { JsonObject } from '../base/json.ts'
import { NodeError } from '../errors/node-error.ts'
import type { GuardExpression } from '../graph/graph.ts'
import type { Slice } from '../graph/registry.ts'
import type { GuardReading } from '../snapshot/decision.ts'
import { createGuardRunner, type GuardRunner } from './guards.ts'

type Guard = (slice: Slice) => unknown

function runnerOf(
  guards: { readonly [name: string]: Guard },
  state: JsonObject = {},
  reads: readonly string[] = [],
): GuardRunner {
  const names = Object.keys(guards)
  const graph = graphFixture({
    nodes: { a: 'task' },
    edges: { a: { done: ':end' } },
    guards: Object.fromEntries(names.map((name) => [name, reads])),
  })
  return createGuardRunner(
    { graph, registry: { ...registryFor(graph), guards: new Map(Object.entries(guards)) } },
    state,
  )
}

const a: GuardExpression = { guard: 'a' }
const b: GuardExpression = { guard: 'b' }

function errorOf(guard: Guard): NodeError {
  try {
    runnerOf({ a: guard }).holds(a, [])
  } catch (error) {
    if (NodeError.isInstance(error)) return error
    throw error
  }
  throw new RangeError('nothing was thrown')
}

describe('createGuardRunner', () => {
  it('runs a guard once, however often it is asked for, and reports it each time', () => {
    const guard = vi.fn<Guard>(() => true)
    const runner = runnerOf({ a: guard })
    const readings: GuardReading[] = []
    expect([
      runner.holds(a, readings),
      runner.holds({ not: a }, readings),
      runner.holds({ all: [a, a] }, readings),
    ]).toEqual([true, false, true])
    expect(guard).toHaveBeenCalledTimes(1)
    expect(readings).toHaveLength(4)
  })

  it('stops at the first answer of all and any', () => {
    const no = vi.fn<Guard>(() => false)
    const yes = vi.fn<Guard>(() => true)
    const readings: GuardReading[] = []
    const runner = runnerOf({ a: no, b: yes })
    expect(runner.holds({ all: [a, b] }, readings)).toBe(false)
    expect(yes).not.toHaveBeenCalled()
    expect(runner.holds({ any: [{ not: a }, b] }, readings)).toBe(true)
    expect(yes).not.toHaveBeenCalled()
    expect(readings.map(({ guard, result }) => [guard, result])).toEqual([
      ['a', false],
      ['a', false],
    ])
  })

  it('holds for all of nothing, and not for any of nothing', () => {
    const runner = runnerOf({})
    expect([runner.holds({ all: [] }, []), runner.holds({ any: [] }, [])]).toEqual([true, false])
  })

  it('gives the guard what it declares and no more, frozen; absent keys are left out', () => {
    const seen: Slice[] = []
    const guard: Guard = (slice) => seen.push(slice) > 0
    const readings: GuardReading[] = []
    const state = { amount: 5, secret: 1, long: 'x'.repeat(200), list: [1], none: null }
    runnerOf({ a: guard }, state, ['amount', 'missing', 'long', 'list', 'none', 'constructor']).holds(a, readings)
    expect(seen).toEqual([{ amount: 5, long: 'x'.repeat(200), list: [1], none: null }])
    expect(Object.isFrozen(seen[0])).toBe(true)
    expect(readings).toEqual([
      { guard: 'a', result: true, read: { amount: 5, long: { $state: 'long' }, list: { $state: 'list' }, none: null } },
    ])
  })

  it.each<readonly [given: string, guard: Guard, message: string]>([
    ['a number', () => 1, 'guard "a" returned number; a guard returns true or false'],
    ['undefined', () => undefined, 'guard "a" returned undefined'],
    ['a promise', () => Promise.resolve(true), 'guard "a" returned a promise'],
    ['a promise that fails', () => Promise.reject(new RangeError('late')), 'guard "a" returned a promise'],
    [
      'an error',
      () => {
        throw new RangeError('oops')
      },
      'guard "a" threw: oops',
    ],
    [
      'thrown text',
      () => {
        throw 'text' as unknown as Error
      },
      'guard "a" threw: text',
    ],
    [
      'a thrown thing without text',
      () => {
        throw Object.create(null) as Error
      },
      'guard "a" threw: a value that cannot be shown',
    ],
  ])('refuses %s as an answer', (_given, guard, message) => {
    const error = errorOf(guard)
    expect(error.code).toBe('WAYSTONE_NODE_GUARD_ERROR')
    expect(error.message).toContain(message)
  })

  it('names the guards there are when one is missing', () => {
    expect(() => runnerOf({ b: () => true }).holds({ guard: 'constructor' }, [])).toThrow(
      'guard "constructor" is not registered; known are b',
    )
  })
})
