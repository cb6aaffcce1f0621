import { optionError } from './option-error.ts'
import { splitCommand } from './split-command.ts'

/** What of one program is allowed. */
export interface ProgramRule {
  /** Its name, as commands write it. */
  readonly program: string
  /** Absolute path of its file; default: the first of that name in `path`. */
  readonly file?: string
  /** A command must begin with one of these, e.g. `['log', 'remote show']`; no option may stand before it. Default: anything. */
  readonly subcommands?: readonly string[]
  /** Every further argument must be one of these texts, or match one of these patterns as a whole. Default: anything. */
  readonly args?: readonly (string | RegExp)[]
  /** No argument may be one of these texts, or match one of these patterns as a whole. */
  readonly refuse?: readonly (string | RegExp)[]
}

/** A program with any arguments, or what of it is allowed. */
export type AllowRule = string | ProgramRule

/** The programs that may be started. */
export interface AllowList {
  /** One line for models and messages. */
  readonly text: string
  /** A command as argument list, or the reason why it is refused, which says what is allowed. */
  read(command: string | readonly string[]): AllowedCommand
  /** Where the author says a program's file is. */
  fileOf(program: string): string | undefined
  /** All files that the author named. */
  readonly files: readonly string[]
}

/** A command that may run, or the reason why it may not. */
export type AllowedCommand =
  | { readonly program: string; readonly args: readonly string[]; readonly refusal?: never }
  | { readonly program?: never; readonly args?: never; readonly refusal: string }

/** Reads an allow-list. @throws {InputError} WAYSTONE_INPUT_SHELL_OPTIONS */
export function readAllowList(rules: readonly AllowRule[]): AllowList {
  const programs = new Map<string, ProgramRule>()
  for (const given of rules) {
    const rule = typeof given === 'string' ? { program: given } : given
    checkRule(rule)
    if (programs.has(rule.program))
      throw optionError('allow', `two rules for ${JSON.stringify(rule.program)}`, 'one for each program')
    programs.set(rule.program, rule)
  }
  if (programs.size === 0) throw optionError('allow', 'an empty list', 'at least one program')
  const text = [...programs.values()].map(ruleText).join(', ')
  return {
    text,
    read(command) {
      const split = typeof command === 'string' ? splitCommand(command) : { args: command }
      const problem = split.problem ?? problemOf(programs, split.args)
      if (problem !== null) return { refusal: `${problem}. Allowed: one program with its arguments, of: ${text}` }
      const [program = '', ...args] = split.args ?? []
      return { program, args }
    },
    fileOf: (program) => programs.get(program)?.file,
    files: [...programs.values()].flatMap(({ file }) => (file === undefined ? [] : [file])),
  }
}

function checkRule({ program, file, subcommands }: ProgramRule): void {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.+-]*$/.test(program))
    throw optionError('allow', JSON.stringify(program), 'the name of a program, without a path')
  if (file !== undefined && !file.startsWith('/'))
    throw optionError('allow', `file ${JSON.stringify(file)}`, 'an absolute path')
  if (subcommands?.length === 0)
    throw optionError('allow', `no subcommand of ${JSON.stringify(program)}`, 'at least one, or none named')
}

function ruleText({ program, subcommands, args, refuse }: ProgramRule): string {
  const parts = [
    subcommands === undefined ? '' : ` ${subcommands.join(' | ')}`,
    args === undefined ? '' : `, arguments only ${args.map(patternText).join(' | ')}`,
    refuse === undefined ? '' : `, arguments never ${refuse.map(patternText).join(' | ')}`,
  ].join('')
  return parts === '' ? program : `${program} (${parts.replace(/^[, ]+/, '')})`
}

function patternText(pattern: string | RegExp): string {
  return typeof pattern === 'string' ? pattern : String(pattern)
}

function problemOf(programs: ReadonlyMap<string, ProgramRule>, command: readonly string[]): string | null {
  const [program, ...args] = command
  if (program === undefined) return 'it is empty'
  if (command.some((part) => part.includes('\0'))) return 'an argument holds a zero character'
  const rule = programs.get(program)
  if (rule === undefined) return `program ${JSON.stringify(program)} is not allowed`
  const skipped = subcommandLength(rule, args)
  if (skipped === -1) return `${program} must be followed at once by one of its allowed subcommands`
  const rest = args.slice(skipped)
  const odd = rule.args === undefined ? undefined : rest.find((arg) => !matchesOne(rule.args ?? [], arg))
  if (odd !== undefined) return `argument ${JSON.stringify(odd)} of ${program} is not allowed`
  const refused = rest.find((arg) => matchesOne(rule.refuse ?? [], arg))
  return refused === undefined ? null : `argument ${JSON.stringify(refused)} of ${program} is not allowed`
}

/** How many arguments the subcommand takes; -1: there is none that is allowed. */
function subcommandLength({ subcommands }: ProgramRule, args: readonly string[]): number {
  if (subcommands === undefined) return 0
  const lengths = subcommands.map((subcommand) => {
    const words = subcommand.split(' ')
    return words.every((word, index) => args[index] === word) ? words.length : -1
  })
  return Math.max(...lengths)
}

function matchesOne(patterns: readonly (string | RegExp)[], arg: string): boolean {
  return patterns.some((pattern) => {
    if (typeof pattern === 'string') return pattern === arg
    // A copy, so that a pattern with the g or y flag keeps no place between calls.
    return new RegExp(`^(?:${pattern.source})$`, pattern.flags.replaceAll(/[gmy]/g, '')).test(arg)
  })
}
