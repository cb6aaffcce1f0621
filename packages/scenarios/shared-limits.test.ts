import { join } from 'node:path'
import { createSqliteStore } from '@waystone/sqlite'
import type { RunningChild } from '@waystone/testing'
import { faults, startModelLab, type LabAnswer, type ModelLab } from '@waystone/testing/lab'
import { afterEach, describe, expect, it } from 'vitest'
import { temporaryFolder } from './shared/folder.ts'
import { startProgram } from './shared/programs.ts'

const folder = temporaryFolder()
const answer = { json: { text: 'Dear Ada' }, delayMs: 15 }

const labs: ModelLab[] = []
const children: RunningChild[] = []
afterEach(async () => {
  for (const child of children.splice(0)) child.process.kill('SIGKILL')
  for (const lab of labs.splice(0)) await lab.close()
})

/** A lab that gives these answers first, and then one answer again and again. */
async function labWith(...first: readonly LabAnswer[]): Promise<ModelLab> {
  const lab = await startModelLab({
    script: [...first.map((one) => ({ when: {}, answers: [one] })), { when: {}, answers: [answer], isRepeated: true }],
  })
  labs.push(lab)
  return lab
}

interface Program {
  readonly lab: ModelLab
  readonly path: string
  readonly runs: number
  readonly concurrent: number
}

function start({ lab, path, runs, concurrent }: Program): RunningChild {
  const args = [path, lab.url, String(runs), String(concurrent)]
  const child = startProgram('packages/scenarios/limits/child.ts', args, { cwd: folder })
  children.push(child)
  return child
}

describe('limits that two processes share', () => {
  it('let no more requests be in flight than may, and every run gets its turn (B4)', { timeout: 60_000 }, async () => {
    const lab = await labWith()
    const program = { lab, path: join(folder, 'flight', 'runs.db'), runs: 30, concurrent: 3 }
    const ends = await Promise.all([start(program).end, start(program).end])
    expect(ends.map(({ output }) => output.trim())).toEqual(['30 completed', '30 completed'])
    expect(lab.totals()).toMatchObject({ requests: 60, maxInFlight: 3 })
  })

  it.each([
    ['a 429 with Retry-After', faults.rateLimited({ retryAfterMs: 1_500 })],
    ['a 429 with seconds', faults.rateLimited({ retryAfterSeconds: 2 })],
    [
      'an answer that uses up the quota',
      faults.withRateLimit({ remainingRequests: 0, resetRequests: '1.5s' }, { json: { text: 'Dear Ada' } }),
    ],
  ])('send nobody to the provider before it said to come, after %s (B4)', { timeout: 60_000 }, async (name, first) => {
    const lab = await labWith(first)
    const program = { lab, path: join(folder, name, 'runs.db'), runs: 4, concurrent: 1 }
    const ends = await Promise.all([start(program).end, start(program).end])
    expect(ends.map(({ output }) => output.trim())).toEqual(['4 completed', '4 completed'])
    const [told, next] = lab.entries
    const waited = (next?.receivedAt ?? 0) - (told?.answeredAt ?? Number.POSITIVE_INFINITY)
    expect(waited).toBeGreaterThanOrEqual(name.includes('seconds') ? 2_000 : 1_500)
  })

  it('are free at once when the process that used them was killed (B4)', { timeout: 60_000 }, async () => {
    const lab = await labWith(faults.hang())
    const path = join(folder, 'killed', 'runs.db')
    const holder = start({ lab, path, runs: 1, concurrent: 1 })
    await lab.until(1)
    const store = createSqliteStore({ path, mustExist: true })
    try {
      const waiter = start({ lab, path, runs: 1, concurrent: 1 })
      while ((await store.line()).length < 2) await new Promise((resolve) => setTimeout(resolve, 20))
      const [held, waits] = await store.line()
      expect([held?.grantedAt === null, waits?.grantedAt]).toEqual([false, null])
      holder.process.kill('SIGKILL')
      await lab.until(2)
      // Not because what it held has run out.
      expect(lab.entries[1]?.receivedAt).toBeLessThan(held?.expiresAt ?? 0)
      expect((await waiter.end).output.trim()).toBe('1 completed')
      expect(await store.line()).toEqual([])
    } finally {
      await store.close()
    }
  })
})
