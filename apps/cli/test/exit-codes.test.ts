import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createCommandLine, type CommandLine } from './command-line.ts'

let waystone: CommandLine
beforeEach(() => {
  waystone = createCommandLine()
})
afterEach(() => waystone.close())

const waiting = ['run', 'support.ts', '--input', '{"topic":"tides","amount":250}']
const asking = ['run', 'calls.ts', '--input', '{"mail":"where?"}']
const held = ['hold', 'last', '--reason', 'r']
const approved = ['approve', 'last', '--reason', 'fine']
const cancelled = ['cancel', 'last', '--reason', 'r']

/** Command lines, one after the other, and how the last of them exits: as the table in docs/cli.md has it. */
const table: readonly [what: string, code: number, ...lines: (readonly string[])[]][] = [
  ['run: completed', 0, ['run', 'slow.ts', '--input', '{"waitMs":0}']],
  ['run: failed', 1, ['run', 'fails.ts', '--input', '{"text":"x"}']],
  ['run: waits', 3, waiting],
  ['resume: waits', 3, waiting, ['resume', 'last']],
  ['resume: held', 3, waiting, held, ['resume', 'last']],
  ['resume: cancelled', 1, waiting, cancelled, ['resume', 'last']],
  ['resume of all: nothing to do', 0, ['resume']],
  ['fork: waits', 3, waiting, ['fork', 'last', '--at', '2']],
  ['fork --detach', 0, waiting, ['fork', 'last', '--at', '2', '--detach']],
  ['approve: taken, and completed', 0, waiting, approved],
  ['approve: taken, and the next is asked', 3, asking, ['approve', 'last', '--step', '1', '--reason', 'fine']],
  ['approve --detach', 0, asking, ['approve', 'last', '--step', '1', '--detach']],
  ['approve: nothing is asked', 2, waiting, approved, approved],
  ['reject: taken, and asked again', 3, waiting, ['reject', 'last', '--reason', 'no']],
  ['answer: an outcome that is not offered', 2, waiting, ['answer', 'last', 'perhaps']],
  ['ask', 0, waiting, ['ask', 'last', 'why?']],
  ['answer --text', 0, waiting, ['ask', 'last', 'why?'], ['answer', 'last', '--text', 'so']],
  ['hold', 0, waiting, held],
  ['hold: refused', 1, waiting, cancelled, held],
  ['release', 0, waiting, held, ['release', 'last', '--reason', 'r']],
  ['patch', 0, waiting, ['patch', 'last', '--set', 'amount=20', '--reason', 'r']],
  ['redirect: refused', 1, waiting, ['redirect', 'last', 'write', '--reason', 'r']],
  ['cancel', 0, waiting, cancelled],
  ['cancel: refused', 1, waiting, cancelled, cancelled],
  ['delete', 0, waiting, cancelled, ['delete', 'last']],
  ['delete: refused', 1, waiting, ['delete', 'last']],
  ['check: none', 0, ['check', 'support.ts']],
  ['check: findings', 1, ['check', 'endless.ts']],
  ['check: warnings', 1, ['check', 'warned.ts']],
  ['check: warnings that are allowed', 0, ['check', 'warned.ts', '--allow-warnings']],
  ['replay', 0, waiting, ['replay', 'last']],
  ['audit', 0, waiting, ['audit', 'last']],
  ['show', 0, waiting, ['show', 'last']],
  ['show: no such run', 2, ['show', 'nothing']],
  ['runs', 0, ['runs']],
  ['rules', 0, ['rules']],
  ['stats', 0, ['stats']],
  ['graph', 0, ['graph', 'support.ts']],
]

describe('exit codes', () => {
  it.each(table)('%s: %i', async (_what, code, ...lines) => {
    let exit = -1
    for (const line of lines) ({ exit } = await waystone(...line))
    expect(exit).toBe(code)
  })
})
