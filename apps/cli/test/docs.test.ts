import { readFileSync } from 'node:fs'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { commands } from '../src/commands.ts'
import { exitCodes } from '../src/exit-codes.ts'
import { createCommandLine, type CommandLine } from './command-line.ts'

const page = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8')

/** Cells of the table rows under a heading, from its first table on. */
function rowsUnder(heading: string): readonly (readonly string[])[] {
  const [, below = ''] = page.split(new RegExp(`\\n##+ ${heading}\\n`))
  const [section = ''] = below.split(/\n##+ /)
  const rows = section.split('\n').filter((line) => line.startsWith('|'))
  return rows.slice(2).map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

describe('docs/cli.md', () => {
  it('holds the table of exit codes', () => {
    expect(rowsUnder('Exit codes')).toEqual(Object.values(exitCodes).map(({ code, means }) => [String(code), means]))
  })

  it('says how every command exits', () => {
    const told = rowsUnder('Of each command').flatMap(([names = '']) => [...names.matchAll(/`([a-z]+)`/g)])
    expect(new Set(told.map(([, name]) => name))).toEqual(new Set(commands.map(({ name }) => name)))
  })

  it('names every command', () => {
    for (const { name } of commands) expect(page).toMatch(new RegExp(`\`${name}[ \`]`))
  })
})

describe('keys of --json', () => {
  let waystone: CommandLine
  beforeEach(async () => {
    waystone = createCommandLine()
    await waystone('run', 'support.ts', '--input', '{"topic":"tides","amount":250}')
  })
  afterEach(() => waystone.close())

  const documented = new Map(
    rowsUnder('`--json`').flatMap(([names = '', keys = '']) => {
      const list = [...keys.matchAll(/`([^`]+)`/g)].map(([, key]) => key)
      return names === 'an error'
        ? [[names, list] as const]
        : [...names.matchAll(/`([^`]+)`/g)].map(([, name]) => [name ?? '', list] as const)
    }),
  )

  it.each([
    ['check', ['check', 'support.ts']],
    ['graph', ['graph', 'support.ts']],
    ['run', ['run', 'slow.ts', '--input', '{"waitMs":0}']],
    ['approve', ['approve', 'last', '--reason', 'fine']],
    ['reject', ['reject', 'last', '--reason', 'no']],
    ['answer', ['answer', 'last', 'approved']],
    ['approve --detach', ['approve', 'last', '--detach']],
    ['send', ['send', 'last', 'paid', '--key', 'o-1', '--payload', '{"amountUsd":1}']],
    ['send --detach', ['send', 'last', 'paid', '--key', 'o-1', '--payload', '{"amountUsd":1}', '--detach']],
    ['fork', ['fork', 'last', '--at', '2']],
    ['fork --detach', ['fork', 'last', '--at', '2', '--detach']],
    ['resume RUN', ['resume', 'last']],
    ['resume', ['resume']],
    ['runs', ['runs']],
    ['show', ['show', 'last']],
    ['show --state', ['show', 'last', '--state']],
    ['show --why', ['show', 'last', '--why']],
    ['show --diff', ['show', 'last', '--diff']],
    ['show --blame', ['show', 'last', '--blame', 'letter']],
    ['show --request', ['show', 'last', '--request']],
    ['show --pid', ['show', 'last', '--pid']],
    ['ask', ['ask', 'last', 'why?']],
    ['rules', ['rules']],
    ['hold', ['hold', 'last', '--reason', 'r']],
    ['release', ['release', 'last', '--reason', 'r']],
    ['redirect', ['redirect', 'last', 'write', '--reason', 'r']],
    ['cancel', ['cancel', 'last', '--reason', 'r']],
    ['delete', ['delete', 'last']],
    ['replay', ['replay', 'last']],
    ['audit', ['audit', 'last']],
    ['stats', ['stats']],
    ['an error', ['show', 'nothing']],
  ])('are those documented for %s', async (name, args) => {
    if (name.startsWith('send')) await waystone('run', 'orders.ts', '--input', '{"order":"o-1"}')
    if (name === 'release') await waystone('hold', 'last', '--reason', 'r')
    const { out } = await waystone(...args, '--json')
    expect(Object.keys(JSON.parse(out) as object)).toEqual(documented.get(name))
  })

  it('are the same for a run that has ended', async () => {
    await waystone('approve', 'last', '--reason', 'fine')
    const { out } = await waystone('resume', 'last', '--json')
    expect(Object.keys(JSON.parse(out) as object)).toEqual(documented.get('resume RUN'))
    expect(JSON.parse(out)).toMatchObject({ status: 'completed', output: { letter: expect.any(String) as string } })
  })
})
