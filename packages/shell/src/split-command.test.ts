import { describe, expect, it } from 'vitest'
import { splitCommand } from './split-command.ts'

describe('splitCommand', () => {
  it.each([
    ['git log --oneline -n 5', ['git', 'log', '--oneline', '-n', '5']],
    ['  ls\t-la  ', ['ls', '-la']],
    [`git commit -m 'it''s $HOME; * \\ "'`, ['git', 'commit', '-m', 'its $HOME; * \\ "']],
    ['echo "a \\"b\\" \\$c \\\\ \\n"', ['echo', 'a "b" $c \\ \\n']],
    ['echo a\' \'b"c d"\\ e', ['echo', 'a bc d e']],
    [`printf '' ""`, ['printf', '', '']],
    ['git show HEAD@{1}:a#b~ x=y', ['git', 'show', 'HEAD@{1}:a#b~', 'x=y']],
    ["echo 'a\nb'", ['echo', 'a\nb']],
    ['echo \\| \\;', ['echo', '|', ';']],
    ['echo ü 日本', ['echo', 'ü', '日本']],
  ])('splits %j', (line, args) => {
    expect(splitCommand(line)).toEqual({ args })
  })

  it.each([
    ['ls | wc', '"|" is a pipe'],
    ['ls && rm x', '"&" is an operator'],
    ['ls; rm x', '";" is an operator'],
    ['ls > out', '">" is a redirection'],
    ['cat < in', '"<" is a redirection'],
    ['echo $HOME', '"$" is an expansion'],
    ['echo "$(id)"', '"$" in double quotes is an expansion'],
    ['echo "`id`"', '"`" in double quotes is a substitution'],
    ['echo `id`', '"`" is a substitution'],
    ['(ls)', '"(" is a subshell'],
    ['ls *.ts', '"*" is a file pattern'],
    ['ls a?', '"?" is a file pattern'],
    ['ls [ab]', '"[" is a file pattern'],
    ['ls\nrm x', '"\\n" is a second command'],
    ['ls ~/x', '"~" is not expanded'],
    ['ls # all', '"#" begins a comment'],
    ['LD_PRELOAD=x ls', 'variables cannot be set'],
    ["echo 'a", 'a single quote is not closed'],
    ['echo "a', 'a double quote is not closed'],
    ['echo a\\', 'it ends in a backslash'],
    ['  ', 'it is empty'],
    ['', 'it is empty'],
  ])('refuses %j', (line, problem) => {
    expect(splitCommand(line).problem).toContain(problem)
  })
})
