import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createCommandLine, type CommandLine, type Outcome } from './command-line.ts'

let waystone: CommandLine
beforeEach(() => {
  waystone = createCommandLine()
})
afterEach(() => waystone.close())

const start = [
  'run',
  'mailing.ts',
  '--input',
  '{"mails":[{"to":"ann","text":"a"},{"to":"bob","text":"b"},{"to":"cid","text":"c"}]}',
] as const

/** Answers the request about an item. */
async function answer(command: 'approve' | 'reject', item: number, ...options: readonly string[]): Promise<Outcome> {
  const { out } = await waystone('show', 'last', '--request')
  const step = new RegExp(`mail/ask\\[${item}\\] asks {2}step (\\d+)`).exec(out)?.[1] ?? ''
  return waystone(command, 'last', '--step', step, '--reason', 'x', ...options)
}

describe('a map that asks about its items', () => {
  it('says by which function of whom, where that is, and what the request says (S2)', async () => {
    await waystone(...start)
    const { out } = await waystone('show', 'last', '--why')
    expect(out).toMatch(
      /✗ needed\.done\.0 → mail\/call\[1\] {2}guard is false: send\.approval\.when is true \(isAsked = true, why = "bob is new"\) {2}test\/fixtures\/mailing\.ts:6\n/,
    )
    expect(out).toMatch(/\? mail\/ask\[1\] asks, step \d+: Mail leaves the house\. {2}waystone show RUN1 --request/)
    expect(out).not.toContain('asked-workflow')
    await answer('approve', 1)
    const after = (await waystone('show', 'last', '--why')).out
    expect(after).toMatch(/\? mail\/ask\[1\] asks, step \d+: Mail leaves the house\.\n/)
  })

  it('names the item wherever its steps are named', async () => {
    await waystone(...start)
    expect((await answer('approve', 1)).out).toMatch(/^mail\/ask\[1\] approved by ada\n/)
    await answer('reject', 2)
    const audit = (await waystone('audit', 'last')).out
    expect(audit).toMatch(/node mail\/needed\[1\] +effect\.ended +needed\.done\.1 → mail\/ask\[1\]/)
    expect(audit).toMatch(/ada +request\.decided +ask\.approved → mail\/call\[1\]/)
    expect(audit).toMatch(/mail\/call\[1\] \(step \d+\) {2}by a function of its author {2}done/)
    expect(audit).toMatch(/held {2}send never without an approval, given send\.approval\.when \(used at 5, 10\)/)
    expect((await waystone('show', 'last')).out).toMatch(/mail\/call\[0\] +undoes step \d+: /)
    const { err } = await waystone('fork', 'last', '--at', '15')
    expect(err).toMatch(/has undone since, or tried to: mail\/call\[1\] \(step \d+\), mail\/call\[0\] \(step \d+\)/)
  })

  it('says that an edit gives the whole input, with that as it is (H5)', async () => {
    const { out } = await waystone(...start)
    expect(out).toContain(`waystone approve RUN1 --edit '{"input":…}' --step`)
    expect((await waystone('show', 'last', '--request')).out).toContain(
      'input may be edited; an edit gives input whole',
    )
    const whole = 'an edit gives the whole input of the call anew; now it is {"input":{"to":"bob","text":"b"}}'
    const foreign = await answer('approve', 1, '--edit', '{"to":"zed"}')
    expect(foreign.err).toContain(`edits hold to; ${whole}`)
    const part = await answer('approve', 1, '--edit', '{"input":{"to":"zed"}}')
    expect(part.err).toContain(`text: Invalid input: expected string, received undefined; ${whole}`)
    const right = await answer('approve', 1, '--edit', '{"input":{"to":"zed","text":"b"}}')
    expect(right.out).toContain('mail/ask[1] edited by ada')
  })
})

describe('waystone stats', () => {
  it('says what there is none of, where there are runs', async () => {
    await waystone(...start)
    expect((await waystone('stats', '--by', 'compensation')).out).toMatch(/^Nothing has been undone in sqlite:/)
    expect((await waystone('stats', '--by', 'model')).out).toMatch(/^No model has been called in sqlite:/)
    expect((await waystone('stats', '--workflow', 'other')).out).toMatch(/^Nothing of other has run in sqlite:/)
  })
})
