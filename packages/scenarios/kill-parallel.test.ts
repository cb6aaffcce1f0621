import { startModelLab } from '@waystone/testing/lab'
import { describe, expect, it } from 'vitest'
import { labVariable } from './parallel/waystone.config.ts'
import { deskVariable } from './parallel/workflow.ts'
import { temporaryFolder } from './shared/folder.ts'
import {
  finalStateOf,
  gapsOf,
  killMany,
  repeated,
  survivors,
  type Scenario,
  type Services,
  type Survived,
} from './shared/survive.ts'
import { startToolServer } from './shared/tool-server.ts'

const isLong = process.env['WAYSTONE_LONG'] === '1'
/** When there is time for few. */
const kills = 6
const folder = temporaryFolder()

/** What the model asks for at once. */
const calls = [
  { name: 'look', arguments: { room: 'A' } },
  { name: 'book', arguments: { room: 'A' } },
  { name: 'pay', arguments: { room: 'A' } },
  { name: 'book', arguments: { room: 'B' } },
  { name: 'sign', arguments: { room: 'A' } },
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
  first: [
    'in pay, after it has happened',
    'while a person is waited for',
    'in sign, after it has happened',
    'after model call of step 6',
  ],
  // Whoever is asked what became of a call looks at the server, as a person looks at a bank's list.
  answering:
    (journal) =>
    ({ isUnknown, tool = '' }) => {
      if (!isUnknown) return { command: 'approve', args: ['--reason', 'as before the kill'] }
      const hasHappened = journal().some((line) => line.startsWith(`${tool} `))
      const result = hasHappened ? ['--result', JSON.stringify({ answer: `${tool} happened` })] : []
      const args = [hasHappened ? 'happened' : 'did-not-happen', '--reason', 'seen on the list', ...result]
      return { command: 'answer', args }
    },
}

/** Calls of one name, by effect id and attempt. */
function linesOf(journal: readonly string[], name: string): readonly string[] {
  return journal.filter((line) => line.startsWith(`${name} `))
}

/** Effect ids of lines. */
function effects(lines: readonly string[]): ReadonlySet<string | undefined> {
  return new Set(lines.map((line) => line.split(' ')[1]))
}

/** Whether the run had stored a person's yes when it was killed. */
function wasApproved({ left }: Survived): boolean {
  return left?.history.checkpoints.some(({ event }) => event.type === 'request.decided') === true
}

describe('kill -9 of an agent with five calls at once, one waiting for a person', () => {
  it(
    'repeats no model or tool call that had finished, counted outside (H1, H2, T5)',
    { timeout: 900_000 },
    async () => {
      const { whole, killed } = await killMany(rooms, { folder, name: 'parallel', count: isLong ? 60 : kills })
      expect(whole.journal).toHaveLength(7)
      expect(killed.map(({ killedAt }) => killedAt)).not.toContain(null)
      for (const one of survivors([whole, ...killed])) {
        expect(one.end.history.row.status).toBe('completed')
        expect(finalStateOf(one)).toEqual({ guest: 'ada', answer: '5 told' })
        expect(repeated(one)).toEqual([])
        // Made again after the kill, a booking has the key of the first, by which the service knows it.
        expect(effects(linesOf(one.journal, 'book')).size).toBe(2)
        expect(effects(linesOf(one.journal, 'look')).size).toBe(1)
        expect(linesOf(one.journal, 'pay')).toHaveLength(1)
        expect(linesOf(one.journal, 'sign')).toHaveLength(1)
      }
      const tooEarly = killed.filter((one) => linesOf(one.journalLeft, 'sign').length > 0 && !wasApproved(one))
      expect(tooEarly).toEqual([])
      const gaps = gapsOf({ whole, killed })
      expect(gaps.hit).toBe(isLong ? gaps.all : kills - rooms.first.length)
    },
  )
})
