import { startModelLab } from '@waystone/testing/lab'
import { describe, expect, it } from 'vitest'
import { labVariable } from './parallel/waystone.config.ts'
import { deskVariable } from './parallel/workflow.ts'
import { temporaryFolder } from './shared/folder.ts'
import { finalStateOf, killMany, repeated, survivors, type Scenario, type Services } from './shared/survive.ts'
import { startToolServer } from './shared/tool-server.ts'

const isLong = process.env['WAYSTONE_LONG'] === '1'
const folder = temporaryFolder()

/** What the model asks for at once. */
const calls = [
  { name: 'look', arguments: { room: 'A' } },
  { name: 'book', arguments: { room: 'A' } },
  { name: 'pay', arguments: { room: 'A' } },
  { name: 'book', arguments: { room: 'B' } },
  { name: 'look', arguments: { room: 'C' } },
]

/** The lab and the server behind the tools, which live on when the processes that call them are killed. */
async function serve(): Promise<Services> {
  const lines: string[] = []
  const lab = await startModelLab({
    script: [
      {
        when: {},
        isRepeated: true,
        answers: [
          ({ messages }) => {
            const told = messages.filter(({ role }) => role === 'tool')
            return told.length === 0
              ? { reasoning: 'All at once.', calls }
              : { json: { answer: `${told.length} told` } }
          },
        ],
      },
    ],
  })
  const desk = await startToolServer(({ path, key, headers, body }) => {
    lines.push(`${path} ${key} ${String(headers['x-attempt'])}`)
    return { answer: `${path} ${JSON.stringify(body)}` }
  })
  const modelLines = (): readonly string[] =>
    lab.entries.map(({ headers }) => (headers['x-client-request-id'] ?? '').replace(/^(.*)\/(\d+)$/, 'model $1 $2'))
  return {
    env: { [labVariable]: lab.url, [deskVariable]: desk.url },
    journal: () => [...modelLines(), ...lines],
    close: async () => {
      await lab.close()
      await desk.close()
    },
  }
}

const rooms: Scenario = {
  program: 'packages/scenarios/parallel/child.ts',
  args: () => [],
  serve,
  first: ['in pay, before it happens', 'in pay, after it has happened', 'after model call of step 6'],
  // Whoever is asked what became of the payment looks at the server, as a person looks at a bank's list.
  answering: (journal) => () => {
    const hasHappened = journal().some((line) => line.startsWith('pay '))
    const result = hasHappened ? ['--result', JSON.stringify({ answer: 'paid' })] : []
    const args = [hasHappened ? 'happened' : 'did-not-happen', '--reason', 'seen at the bank', ...result]
    return { command: 'answer', args }
  },
}

describe('kill -9 of an agent with five calls at once', () => {
  it(
    'repeats no model or tool call that had finished, counted at the lab and at the server (H2, T5)',
    { timeout: 900_000 },
    async () => {
      const { whole, killed } = await killMany(rooms, { folder, name: 'parallel', count: isLong ? 60 : 6 })
      expect(whole.journal.length).toBe(7)
      expect(killed.map(({ killedAt }) => killedAt)).not.toContain(null)
      for (const one of survivors([whole, ...killed])) {
        expect(one.end.history.row.status).toBe('completed')
        expect(finalStateOf(one)).toEqual({ guest: 'ada', answer: '5 told' })
        expect(repeated(one)).toEqual([])
        const of = (name: string): readonly string[] => one.journal.filter((line) => line.startsWith(`${name} `))
        // Made again after the kill, a booking has the key of the first, by which the service knows it.
        expect(new Set(of('book').map((line) => line.split(' ')[1])).size).toBe(2)
        expect(new Set(of('look').map((line) => line.split(' ')[1])).size).toBe(2)
        expect(of('pay')).toHaveLength(1)
      }
      const gaps = whole.points.filter((name) => name.startsWith('after commit'))
      const missed = gaps.filter((gap) => !killed.some(({ killedAt }) => killedAt === gap))
      expect(missed.length).toBeLessThanOrEqual(isLong ? 0 : gaps.length)
    },
  )
})
