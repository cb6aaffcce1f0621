import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createCommandLine, type CommandLine } from './command-line.ts'

let waystone: CommandLine
beforeEach(() => {
  waystone = createCommandLine()
})
afterEach(() => waystone.close())

/** Begins a run whose only request expires, and lets it. */
async function expired(): Promise<{ readonly now: () => number }> {
  const begun = await waystone('run', 'moving/expiring.ts', '--input', '{"text":"x"}')
  const expiresAt = Number(/"expiresAt": (\d+)/.exec((await waystone('show', 'last', '--request', '--json')).out)?.[1])
  expect(begun.exit).toBe(3)
  await expect.poll(() => Date.now()).toBeGreaterThan(expiresAt)
  return { now: () => expiresAt + 5_000 }
}

describe('a request that is closed', () => {
  it('is refused as expired, with when and where the run went (H6)', async () => {
    await expired()
    const { exit, err } = await waystone('approve', 'last', '--reason', 'fine')
    expect(err).toMatch(
      /refused \(request-expired\): step 0 of ask expired at \d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ, and nobody had decided; the run went on to note\n/,
    )
    expect(exit).toBe(1)
    const again = await waystone('reject', 'last', '--step', '0', '--reason', 'no')
    expect(again.err).toMatch(
      /asks nothing now; its status is completed; step 0 of ask expired at .*; the run went on to note/,
    )
    expect(again.exit).toBe(2)
  })

  it('says who decided it, when and how', async () => {
    await waystone('run', 'calls.ts', '--input', '{"mail":"where?"}')
    await waystone('reject', 'last', '--step', '1', '--reason', 'paid already', '--by', 'eve')
    const { exit, err } = await waystone('approve', 'last', '--step', '1', '--reason', 'fine')
    expect(err).toMatch(
      /step 1 of clerk, refund, was decided by eve at \S+ \S+Z: rejected, “paid already”; open are:\n {2}step 2/,
    )
    expect(exit).toBe(2)
    expect((await waystone('ask', 'last', 'why?', '--step', '1')).err).toContain('was decided by eve')
    expect((await waystone('approve', 'last', '--step', '9')).err).toContain(
      'step 9 asked nobody in this run; open are:',
    )
  })

  it('says who cancelled or redirected the run that asked it', async () => {
    await waystone('run', 'calls.ts', '--input', '{"mail":"where?"}')
    await waystone('cancel', 'last', '--reason', 'withdrawn', '--by', 'eve')
    const { err } = await waystone('approve', 'last', '--step', '2')
    expect(err).toMatch(
      /its status is cancelled; step 2 of clerk, refund, was closed when eve cancelled the run at .*: “withdrawn”/,
    )
  })
})

describe('a request that expires', () => {
  it('shows until when it can be decided, and what happens then (H3)', async () => {
    const begun = await waystone('run', 'support.ts', '--input', '{"topic":"tides","amount":250}')
    const deadline = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d \(in 2 d\)`
    expect(begun.out).toMatch(new RegExp(`asks a person {2}until ${deadline}`))
    expect(begun.out).toMatch(
      new RegExp(`waits for a person: step 3.*\n {2}expires {2}${deadline} → .*\\[boss.expired\\]\n {2}decide`),
    )
    expect((await waystone('show', 'last', '--request')).out).toMatch(new RegExp(`expires ${deadline} →`))
    expect((await waystone('show', 'last')).out).toMatch(new RegExp(`asks {6}step 3 {2}boss, expires ${deadline} →`))
    expect((await waystone('runs')).out).toMatch(new RegExp(`boss +${deadline}`))
  })

  it('says that it has expired where nobody drives the run', async () => {
    const { now } = await expired()
    const { out } = await waystone.within({ now }, 'show', 'last')
    // Around midnight the moment is of another day than the clock, and has a date.
    expect(out).toMatch(
      /expires (\d{4}-\d\d-\d\d \d\d:\d\d|\d\d:\d\d:\d\d) \(5\.0 s ago\), as soon as a process drives the run → note/,
    )
  })
})
