import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createCommandLine, type CommandLine } from './command-line.ts'

let waystone: CommandLine
beforeEach(() => {
  waystone = createCommandLine()
})
afterEach(() => waystone.close())

const once = ['run', 'desk.ts', '--input', '{"question":"about billing"}'] as const
const chain = ['run', 'desk.ts', '--input', '{"question":"about the weather"}'] as const

describe('a handoff at the command line', () => {
  it('is an edge with the reason of the model, in run, show and audit (M2)', async () => {
    const { out, exit } = await waystone(...once)
    expect(out).toContain('→ billing  because hands over: “Not mine.”')
    expect(out).toContain('"reply": "offline:billing answers"')
    expect(exit).toBe(0)
    const shown = (await waystone('show', 'last')).out
    expect(shown).toMatch(/handed +support → billing: “Not mine.”/)
    const why = (await waystone('show', 'last', '--why')).out
    expect(why).toContain('support ended billing → billing  [support.billing]')
    expect(why).toContain('⇢ hands over: “Not mine.”')
    const audited = await waystone('audit', 'last')
    expect(audited.out).toMatch(
      /Handoffs, with the reasons that models gave:\n +1 {2}\S+ \S+ {2}support → billing: “Not mine.”/,
    )
    expect(audited.exit).toBe(0)
    const { handoffs } = JSON.parse((await waystone('audit', 'last', '--json')).out) as { handoffs: object[] }
    expect(handoffs).toMatchObject([{ from: 'support', handoff: 'billing', to: 'billing', reason: 'Not mine.' }])
    expect((await waystone('stats', '--by', 'handoff')).out).toMatch(/desk\/support → billing +1 +100 %/)
  })

  it('escalates the one too many to a person, who sees the chain and decides (P1)', async () => {
    const { out, exit } = await waystone(...chain)
    expect(exit).toBe(3)
    expect(out).toContain('waits for a person: step 3  lead: Nobody wants this one.')
    const asked = (await waystone('show', 'last', '--request')).out
    expect(asked).toMatch(
      /handed {2}support → billing: “Not mine.”\n +billing → support: “Not mine.”\n +support → lead/,
    )
    expect((await waystone('show', 'last', '--why')).out).toContain('passed over, one handoff too many')
    expect((await waystone('approve', 'last', '--reason', 'I call them')).exit).toBe(0)
    expect((await waystone('audit', 'last')).out).toMatch(/support → lead: “Not mine.” {2}\(/)
  })

  it('is derived again by a replay, and goes another way in a fork of the run', async () => {
    await waystone(...chain)
    const replayed = await waystone('replay', 'last')
    expect(replayed.out).toMatch(/^equal {2}run RUN1: 4 checkpoints/)
    expect(replayed.exit).toBe(0)
    // Before the second handoff, with a question that billing takes.
    const forked = await waystone(
      'fork',
      'RUN1',
      '--at',
      '1',
      '--patch',
      '{"question":"about billing"}',
      '--reason',
      'ask anew',
    )
    expect(forked.out).toMatch(/completed {2}run RUN2/)
    expect(forked.out).toContain('"reply": "offline:billing answers"')
    const { handoffs } = JSON.parse((await waystone('audit', 'last', '--json')).out) as { handoffs: object[] }
    expect(handoffs).toEqual([])
    expect((await waystone('show', 'last')).out).toMatch(/handed +support → billing/)
    expect((await waystone('replay', 'last')).exit).toBe(0)
  })
})
