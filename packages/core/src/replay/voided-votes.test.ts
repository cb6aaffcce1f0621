import { describe, expect, it } from 'vitest'
import { compileFixture, HandRun } from '../../test/engine/hand-run.ts'
import { historyOf, storeOf } from '../../test/engine/stored-run.ts'
import { requestDigest } from '../compile/request-digest.ts'
import { requestsOf } from '../run/requests.ts'
import type { Request } from '../run/runtime.ts'
import { auditRun } from './audit-run.ts'
import { blamePath } from './blame.ts'

/** pay waits for two of three. */
function boardRun(): HandRun {
  const run = new HandRun(
    compileFixture({
      input: ['amount'],
      nodes: {
        board: {
          kind: 'approval',
          show: ['amount'],
          quorum: { need: 2, of: ['ada', 'bo', 'cy'], rejected: 'one' },
        },
      },
      edges: { board: { approved: ':end', rejected: ':fail' } },
    }),
  )
  run.start({ amount: 500 })
  return run
}

function ask(run: HandRun): void {
  const digest = requestDigest(run.compiled, run.context, 0) ?? ''
  const payload = { step: 0, digest, text: 'for whom?', by: 'mallory', through: 'test' }
  run.feed({ type: 'request.asked', from: 'person', payload })
}

function reply(run: HandRun): void {
  const payload = { step: 0, question: 1, text: 'the school', by: 'mallory', through: 'test' }
  run.feed({ type: 'request.answered', from: 'person', payload })
}

function quorumOf({ compiled, context, runId }: HandRun): Request['quorum'] | undefined {
  return requestsOf({ runId, compiled, context, openedAt: () => 0 })[0]?.quorum
}

const voidedIn = async (run: HandRun): Promise<unknown> =>
  (await auditRun(await storeOf(run), run.runId)).people
    .filter(({ outcome }) => outcome === 'approved')
    .map(({ by, voided }) => [by, voided])

describe('a vote that counts no more', () => {
  it('is marked in audit and blame, and shown with the request: an answer has changed what is asked (H6, O4)', async () => {
    const run = boardRun()
    run.decide(0, 'approved', { by: 'ada' })
    ask(run)
    expect(quorumOf(run)).toMatchObject({ votes: [{ by: 'ada' }] })
    expect(quorumOf(run)).not.toHaveProperty('lost')
    reply(run)
    expect(quorumOf(run)).toMatchObject({ votes: [], lost: [{ by: 'ada', outcome: 'approved' }] })
    const voided = { sequence: 3, cause: 'answer', by: 'mallory' }
    expect(await voidedIn(run)).toEqual([['ada', voided]])
    run.decide(0, 'approved', { by: 'bo' })
    // It stays lost, and shown, when others vote.
    expect(quorumOf(run)).toMatchObject({ votes: [{ by: 'bo' }], lost: [{ by: 'ada' }] })
    run.decide(0, 'approved', { by: 'cy' })
    expect(run.last.status).toBe('completed')
    expect(await voidedIn(run)).toEqual([
      ['ada', voided],
      ['bo', undefined],
      ['cy', undefined],
    ])
    const { approvals } = blamePath(await historyOf(run), ['amount'])
    expect(approvals.map((one) => [one.by, one.voided])).toEqual([
      ['ada', voided],
      ['bo', undefined],
      ['cy', undefined],
    ])
  })

  it('is marked after a patch, and stays void when the patch is taken back after somebody has voted', async () => {
    const run = boardRun()
    run.decide(0, 'approved', { by: 'ada' })
    run.patch({ amount: 900 })
    expect(await voidedIn(run)).toEqual([['ada', { sequence: 2, cause: 'patch', by: 'op' }]])
    run.decide(0, 'approved', { by: 'bo' })
    run.patch({ amount: 500 })
    expect(quorumOf(run)).toMatchObject({ votes: [], lost: [{ by: 'ada' }, { by: 'bo' }] })
    run.decide(0, 'approved', { by: 'cy' })
    expect(run.last.status).toBe('waiting')
  })
})
