/** What the command's exit codes mean. The one place; `docs/cli.md` and `--help` print it. */
export const exitCodes = {
  done: { code: 0, means: 'done: no finding, the run completed, the move was made, what was only to be recorded is' },
  failed: {
    code: 1,
    means: 'a finding, a divergence, a broken chain, a refusal, or a run that failed, was cancelled or exhausted',
  },
  call: { code: 2, means: 'the call is wrong: option, argument, file, input, unknown run; nothing has happened' },
  unfinished: { code: 3, means: 'not a failure: the run was left where it waits, is held, parked or driven elsewhere' },
  store: {
    code: 4,
    means: 'the store refused or failed: owned by another process, locked, full, corrupt, newer format',
  },
  bug: { code: 70, means: 'Waystone itself failed; `--debug` shows where' },
  interrupted: { code: 130, means: 'stopped with Ctrl-C; what was committed is kept' },
} as const

/** Name of an exit code. */
export type ExitName = keyof typeof exitCodes

/** The number of an exit code. */
export function exitCode(name: ExitName): number {
  return exitCodes[name].code
}
