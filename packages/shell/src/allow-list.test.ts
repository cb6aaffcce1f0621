import { describe, expect, it } from 'vitest'
import { readAllowList } from './allow-list.ts'

const allow = readAllowList([
  'node',
  { program: 'git', subcommands: ['log', 'remote show'], refuse: ['--no-index', /--output(=.*)?/] },
  { program: 'cat', args: [/[a-z]+\.md/g, '-n'] },
])

describe('readAllowList', () => {
  it.each([
    ['node -e "1"', 'node', ['-e', '1']],
    [['node', '-e', 'a && b | $c'], 'node', ['-e', 'a && b | $c']],
    ['git log --oneline', 'git', ['log', '--oneline']],
    ['git remote show origin', 'git', ['remote', 'show', 'origin']],
    ['cat -n readme.md', 'cat', ['-n', 'readme.md']],
  ])('lets %j through', (command, program, args) => {
    for (let time = 0; time < 2; time++) expect(allow.read(command)).toEqual({ program, args })
  })

  it.each([
    ['rm -rf .', 'program "rm" is not allowed'],
    ['/usr/bin/node -e 1', 'program "/usr/bin/node" is not allowed'],
    ['git push', 'git must be followed at once by one of its allowed subcommands'],
    ['git remote add x y', 'git must be followed at once'],
    ['git -c core.pager=x log', 'git must be followed at once'],
    ['git', 'git must be followed at once'],
    ['git log --output=x', 'argument "--output=x" of git is not allowed'],
    ['cat ../readme.md', 'argument "../readme.md" of cat is not allowed'],
    [['cat', 'readme.md\nx'], 'of cat is not allowed'],
    [['node', 'a\0b'], 'a zero character'],
    [[], 'it is empty'],
    ['node | sh', '"|" is a pipe'],
  ])('refuses %j and says what is allowed', (command, problem) => {
    const { refusal } = allow.read(command)
    expect(refusal).toContain(problem)
    expect(refusal).toContain(
      'Allowed: one program with its arguments, of: node, ' +
        'git (log | remote show, arguments never --no-index | /--output(=.*)?/), cat (arguments only /[a-z]+\\.md/g | -n)',
    )
  })

  it.each([
    [[]],
    [['node', 'node']],
    [['/bin/sh']],
    [['-x']],
    [[{ program: 'git', subcommands: [] }]],
    [[{ program: 'node', file: 'bin/node' }]],
  ])('refuses the rules %j', (rules) => {
    expect(() => readAllowList(rules)).toThrow(expect.objectContaining({ code: 'WAYSTONE_INPUT_SHELL_OPTIONS' }))
  })
})
