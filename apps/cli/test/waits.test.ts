import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createCommandLine, type CommandLine } from './command-line.ts'

let waystone: CommandLine
beforeEach(async () => {
  waystone = createCommandLine()
  await waystone('run', 'orders.ts', '--input', '{"order":"o-1"}')
})
afterEach(() => waystone.close())

const paid = ['send', 'last', 'paid', '--key', 'o-1'] as const

describe('waystone send', () => {
  it('is what a run that waits for an event says', async () => {
    const { out } = await waystone('resume', 'last')
    expect(out).toMatch(/waits: settle, for event paid or cancelled with key o-1 until \d{4}-/)
    expect(out).toContain(`send     waystone send RUN1 paid --key "o-1" --payload '{"amountUsd":0}'`)
    expect(out).toMatch(/waystone send RUN1 cancelled --key "o-1" --store/)
    const shown = (await waystone('show', 'last')).out
    expect(shown).toMatch(/waits +settle, for event paid or cancelled with key o-1/)
  })

  it('sends an event and goes on with the run', async () => {
    const { exit, out } = await waystone(...paid, '--payload', '{"amountUsd":20}')
    expect(out).toContain('event paid received at checkpoint 2')
    expect(out).toMatch(/completed {2}run RUN1/)
    expect(out).toContain('"amountUsd": 20')
    expect(exit).toBe(0)
    expect((await waystone('show', 'last')).out).toContain('event paid for o-1 by ada')
    const late = await waystone(...paid, '--payload', '{"amountUsd":20}')
    expect(late.err).toContain('refused (run-ended)')
    expect(late.exit).toBe(1)
  })

  it('keeps what comes for somebody else, shows it, and takes an id once', async () => {
    const other = ['send', 'last', 'paid', '--key', 'o-2', '--id', 'm-1', '--payload', '{"amountUsd":1}'] as const
    const first = await waystone(...other)
    expect(first.exit).toBe(3)
    expect(first.out).toContain('unread: event paid for o-2 (sent/m-1)')
    const again = await waystone(...other)
    expect(again.out).toBe('an event with this id had come to run RUN1 before; nothing changed\n')
    expect(again.exit).toBe(0)
    expect((await waystone('show', 'last')).out).toMatch(/unread +event paid for o-2/)
  })

  it('hands over with --detach; resume takes it', async () => {
    const handed = await waystone(...paid, '--payload', '{"amountUsd":5}', '--detach')
    expect(handed.out).toContain('event paid handed over to run RUN1\nGo on with: waystone resume RUN1')
    expect((await waystone('resume', 'last')).out).toContain('"amountUsd": 5')
  })

  it('goes to a wait in a nested workflow, which is shown by its path', async () => {
    await waystone('run', 'nested-wait.ts', '--input', '{"order":"o-1"}')
    expect((await waystone('show', 'last')).out).toMatch(/waits +shop\/settle, for event paid until/)
    const { waits } = JSON.parse((await waystone('show', 'last', '--json')).out) as { waits: object[] }
    expect(waits).toMatchObject([{ node: 'shop/settle', events: ['paid'], key: null }])
    const sent = await waystone('send', 'last', 'paid')
    expect(sent.out).toContain('→ end of shop')
    expect(sent.exit).toBe(0)
    expect((await waystone('show', 'last', '--why')).out).toContain('shop/settle ended received → end of shop')
  })

  it('is derived again by a replay, and waits anew in a fork of the run, which is sent its own event', async () => {
    await waystone(...paid, '--payload', '{"amountUsd":20}', '--id', 'm-1')
    expect((await waystone('replay', 'last')).exit).toBe(0)
    const forked = await waystone('fork', 'RUN1', '--at', '1', '--reason', 'another amount')
    expect(forked.exit).toBe(3)
    expect(forked.out).toMatch(/waits: settle, for event paid or cancelled with key o-1/)
    const sent = await waystone(...paid, '--payload', '{"amountUsd":30}', '--id', 'm-1')
    expect(sent.out).toMatch(/completed {2}run RUN2[^]*"amountUsd": 30/)
    expect((await waystone('replay', 'last')).exit).toBe(0)
  })

  it('refuses what no wait takes and what does not fit', async () => {
    const unknown = await waystone('send', 'last', 'refunded')
    expect(unknown.err).toContain('refused (not-awaited)')
    expect(unknown.err).toContain('it waits for paid, cancelled')
    expect(unknown.exit).toBe(1)
    const wrong = await waystone(...paid, '--payload', '{"amountUsd":"much"}')
    expect(wrong.err).toContain('WAYSTONE_INPUT_EVENT')
    expect(wrong.exit).toBe(2)
    expect((await waystone('send', 'last', 'paid', '--payload', '{}')).err).toContain('refused (key-expected)')
  })
})

describe('a wait whose time is over while nobody drives the run', () => {
  const later = { now: () => Date.UTC(2026, 0, 5) }

  it('is due, and `runs`, `show` and a result say how it goes on', async () => {
    expect((await waystone('runs')).out).not.toContain('Go on with')
    const { out } = await waystone.within(later, 'runs')
    expect(out).toContain('The time of run RUN1 has come. Go on with: waystone resume RUN1')
    const shown = (await waystone.within(later, 'show', 'last')).out
    expect(shown).toMatch(
      /waits +settle, for event .* with key o-1, due since 2026-01-04 .*; it goes on with: waystone resume RUN1/,
    )
    const other = await waystone.within(later, 'send', 'last', 'paid', '--key', 'o-2', '--payload', '{"amountUsd":1}')
    expect(other.out).toMatch(/waits: settle, .*, due since 2026-01-04 03:04:05Z\n {2}resume {3}waystone resume RUN1 /)
    expect((await waystone('resume', 'last')).out).toMatch(
      /until 2026-01-04 03:04:05Z\n( {2}send.*\n)+ {2}then {5}waystone resume RUN1 /,
    )
  })
})

describe('waystone audit', () => {
  it('lists what came from outside: its name, key, id, who sent it, and the wait that took it (O3)', async () => {
    await waystone(
      'send',
      'last',
      'paid',
      '--key',
      'o-2',
      '--id',
      'm-1',
      '--by',
      'bank',
      '--payload',
      '{"amountUsd":1}',
    )
    await waystone(...paid, '--id', 'm-2', '--payload', '{"amountUsd":20}')
    const { out } = await waystone('audit', 'last')
    expect(out).toMatch(
      /Events from outside:\n {5}2 {2}\S+ \S+ {2}paid for o-2 {2}by bank \(cli\), id sent\/m-1: no wait took it/,
    )
    expect(out).toMatch(/paid for o-1 {2}by ada \(cli\), id sent\/m-2: taken by settle, 4/)
    const { events } = JSON.parse((await waystone('audit', 'last', '--json')).out) as { events: object[] }
    expect(events).toMatchObject([
      { key: 'o-2', by: 'bank' },
      { id: 'sent/m-2', taken: { node: 'settle', sequence: 4 } },
    ])
  })
})

describe('waystone graph', () => {
  it('draws a wait with what it waits for', async () => {
    expect((await waystone('graph', 'orders.ts')).out).toContain('paid or cancelled by order')
  })
})
