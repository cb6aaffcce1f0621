import { expect, it } from 'vitest'
import { clockStart, createManualClock } from '../../test/support/manual-clock.ts'
import type { RunId } from '../base/ids.ts'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import type { PermitAsk } from '../checkpoint/permit.ts'
import type { Store } from '../checkpoint/store.ts'
import { PermitKeeper, type PermitListener } from './permit-keeper.ts'

const owner = { id: 'me', host: 'here', pid: 1, processStartedAt: 'now' }

function askOf(run: string): PermitAsk {
  const claims = [{ resource: 'model:fast', concurrent: 1, rates: [], tokens: 0 }]
  return { runId: run as RunId, step: 0, attempt: 1, claims }
}

it('believes no answer that was given before a permit was given back and asked for anew', async () => {
  const clock = createManualClock()
  const memory = createMemoryStore()
  let gate: Promise<void> = Promise.resolve()
  const store: Store = new Proxy(memory, {
    get(target, name) {
      const own: unknown = Reflect.get(target, name)
      if (name === 'permits') {
        return async (request: Parameters<Store['permits']>[0]) => {
          const answer = await target.permits(request)
          await gate
          return answer
        }
      }
      return typeof own === 'function' ? (own.bind(target) as unknown) : own
    },
  })
  const liveness = { self: () => owner, stateOf: () => 'alive' as const }
  const keeper = new PermitKeeper({ store, clock, owner, liveness, leaseMs: 5_000 })
  const granted: string[] = []
  const listener = (name: string): PermitListener => ({
    onGranted: () => void granted.push(name),
    onWaiting: () => undefined,
    onFailed: () => undefined,
  })
  const first = keeper.ask(askOf('a'), listener('a'))
  await clock.settle()
  const slow = Promise.withResolvers<void>()
  gate = slow.promise
  keeper.ask(askOf('b'), listener('b'))
  await clock.settle()
  // The store has said that a holds the permit, and nobody has heard it yet.
  first.end()
  keeper.ask(askOf('a'), listener('a, again'))
  slow.resolve()
  await clock.settle()
  expect(granted).toEqual(['a', 'b'])
  expect((await memory.line()).map(({ runId, grantedAt }) => [runId, grantedAt])).toEqual([
    ['b', clockStart],
    ['a', null],
  ])
  await keeper.close()
  expect(await memory.line()).toEqual([])
})
