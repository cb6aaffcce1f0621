import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createCommandLine, sink, type CommandLine } from './command-line.ts'

let waystone: CommandLine
beforeEach(() => {
  waystone = createCommandLine()
})
afterEach(() => waystone.close())

const start = ['run', 'calls.ts', '--input', '{"mail":"where?"}'] as const

describe('a decision that is remembered', () => {
  it('is listed, decides the next call alike, and is taken back (H6)', async () => {
    await waystone('run', 'mailer.ts', '--input', '{"task":"mail"}')
    const shown = (await waystone('show', 'last', '--request')).out
    expect(shown).toContain('approved may be remembered for the run or the workflow')
    expect(shown).toContain('it holds for every call of send by clerk with the same arguments')
    const approved = await waystone(
      'approve',
      'last',
      '--remember',
      'workflow',
      '--matching',
      '{"to":"ann"}',
      '--reason',
      'known',
    )
    expect(approved.exit).toBe(0)
    expect(approved.out).toContain('approved for calls of send to come, in this workflow')
    expect((await waystone('audit', 'last')).out).toMatch(/a rule of ada \(rule\) +clerk send approved: known/)
    const listed = await waystone('rules')
    expect(listed.out).toContain('RUN1/1  approved send of clerk, all runs of mailer\n  with {"to":"ann"}\n  by ada, ')
    expect((await waystone('run', 'mailer.ts', '--input', '{"task":"mail"}')).out).toContain(
      'send: approved by a rule of ada',
    )
    const [rule] = (JSON.parse((await waystone('rules', 'last', '--json')).out) as { rules: { id: string }[] }).rules
    const id = rule?.id.replace('RUN1', '') ?? ''
    expect((await waystone('rules', '--revoke', id)).err).toContain('--reason: found nothing')
    const bad = await waystone('approve', 'last', '--matching', 'any')
    expect(bad.exit).not.toBe(0)
  })
})

describe('a run that asks about calls', () => {
  it('names each of them with its arguments, and says how to decide (H3)', async () => {
    const { exit, out } = await waystone(...start)
    expect(exit).toBe(3)
    expect(out).toContain('clerk  asks a person before it runs tool refund')
    expect(out).toContain('step 1  clerk refund {"order":"o-1","usd":20}: Money leaves the house.')
    expect(out).toContain('waystone approve RUN1 --step 2 --reason "…"')
    const shown = (await waystone('show', 'last', '--request')).out
    expect(shown).toContain('clerk asks before it runs refund  step 1, workflow desk, for a boss')
    expect(shown).toContain('usd: 250')
    expect(shown).toContain('order, usd may be edited')
    expect(shown).not.toContain('\u001b[2J')
  })

  it('is answered call by call, with edits that must fit (H4, H5)', async () => {
    await waystone(...start)
    const several = await waystone('approve', 'last', '--reason', 'fine')
    expect(several.exit).not.toBe(0)
    expect(several.err).toContain('has 2 open requests; say which with --step')
    expect(several.err).toContain('step 2  clerk refund {"order":"o-2","usd":250}')
    const bad = await waystone('approve', 'last', '--step', '2', '--edit', '{"usd":-1}')
    expect(bad.err).toContain('the arguments do not fit the input of tool refund: usd')
    expect((await waystone('reject', 'last', '--step', '1', '--reason', 'paid already')).out).toContain(
      'clerk, refund: rejected by ada',
    )
    const edited = await waystone('approve', 'last', '--edit', '{"usd":90}', '--reason', 'half')
    expect(edited.out).toContain('clerk, refund: edited by ada')
    expect(edited.exit).toBe(0)
    expect(edited.out).toContain('not run: a person rejected the call: paid already')
    expect(edited.out).toMatch(/a person changed the arguments.*usd\\+":90/)
    const again = await waystone('approve', 'last', '--step', '2')
    expect(again.exit).not.toBe(0)
    expect(again.err).toContain('asks nothing now')
    expect((await waystone('show', 'last')).out).toContain('refund edited by ada')
    expect((await waystone('audit', 'last')).out).toMatch(
      /ada \(cli\) +clerk refund edited: half\n +asked +\{"order":"o-2","usd":250\}\n +edited +\{"order":"o-2","usd":90\}\n/,
    )
    expect((await waystone('show', 'last', '--blame', 'reply')).out).toMatch(
      /after +tool refund, step 2, checkpoint \d+; edited by ada \(cli\), checkpoint \d+: half/,
    )
    expect((await waystone('replay', 'last')).exit).toBe(0)
  })

  it('asks at a terminal, one call after the other, and again after a slip (H5)', async () => {
    const input = Object.assign(new PassThrough(), { isTTY: true })
    const { write, text } = sink(true)
    const slips = ['rejected', '', 'edited', '{"usd":-7}', 'below zero']
    const answers = [...slips, 'rejected', 'no receipt', 'edited', '{"usd":7}', 'all there is']
    const out = {
      isTerminal: true,
      columns: 100,
      text,
      write(part: string) {
        write(part)
        if (!/(?:Decide|Reason|@file).*[:>] $/s.test(part)) return
        input.write(`${answers.shift() ?? ''}\n`)
      },
    }
    const { exit, err } = await waystone.within({ input, out, env: { WAYSTONE_BY: 'ada' } }, ...start)
    expect(exit).toBe(0)
    expect(err).toContain('outcome "rejected" needs a reason')
    expect(err).toContain('the arguments do not fit the input of tool refund: usd')
    expect(text()).toContain('order, usd')
    expect(text()).toContain('usd\\":7')
    expect(answers).toEqual([])
  })
})
