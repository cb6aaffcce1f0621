import { resolve } from 'node:path'
import { optionPath, type EffectClass } from '@waystone/core'
import { bubblewrap } from './bubblewrap.ts'
import type { Confinement } from './launch.ts'
import { optionError } from './option-error.ts'
import type { ShellToolOptions, ShellValue, SystemConfinement } from './options.ts'
import { processConfinement } from './process-confinement.ts'

/** Options of a shell tool, checked, with their defaults. */
export interface CheckedOptions {
  readonly root: string
  readonly description: string | undefined
  readonly environment: { readonly [name: string]: ShellValue }
  /** Names of the secrets in the environment. */
  readonly secrets: readonly string[]
  readonly path: string
  readonly timeoutMs: number
  readonly maxOutputBytes: number
  readonly effect: EffectClass
  readonly confinement: Confinement
  readonly isNetworked: boolean
  readonly isReadOnly: boolean
}

const ownVariables = ['HOME', 'PATH', 'PWD', 'TMPDIR']
const systemPath = '/usr/local/bin:/usr/bin:/bin'

/** Longest time a timer can wait. */
const longestMs = 2 ** 31 - 1

/** Checks options; also what types would not allow, since configurations may be untyped. @throws {InputError} WAYSTONE_INPUT_SHELL_OPTIONS */
export function readOptions(options: ShellToolOptions): CheckedOptions {
  const root = optionPath(options.root)
  if (root === '/') throw optionError('root', 'the root of the file system', 'a folder of its own')
  const { environment = {}, path = systemPath } = options
  for (const name of Object.keys(environment)) checkVariable(name)
  if (path.split(':').some((folder) => !folder.startsWith('/')))
    throw optionError('path', JSON.stringify(path), 'absolute paths of folders, joined by ":"')
  const secrets = Object.values(environment).flatMap((value) => (typeof value === 'string' ? [] : [value.secret]))
  return {
    root,
    description: options.description,
    environment,
    secrets: [...new Set(secrets)],
    path,
    timeoutMs: count('timeoutMs', options.timeoutMs, { fallback: 60_000, most: longestMs }),
    maxOutputBytes: count('maxOutputBytes', options.maxOutputBytes, { fallback: 32_768, most: 1_048_576 }),
    effect: options.effect ?? 'unsafe',
    ...readConfinement(options),
  }
}

function readConfinement(
  options: ShellToolOptions,
): Pick<CheckedOptions, 'confinement' | 'isNetworked' | 'isReadOnly'> {
  if (options.confinement === 'process') {
    if (!options.network)
      throw optionError('network', 'not true', 'true, as a plain child process reaches the network whatever is said')
    const odd = jailOptions.find((name) => name in options)
    if (odd !== undefined) throw optionError(odd, 'given', 'nothing: a plain child process cannot be held to it')
    return { confinement: processConfinement, isNetworked: true, isReadOnly: false }
  }
  if (options.confinement !== undefined && options.confinement !== 'system')
    throw optionError('confinement', JSON.stringify(options.confinement), '"system" or "process"')
  const { network = false, readOnly = false, readable = [] } = options
  for (const each of readable)
    if (!each.startsWith('/') || resolve(each) === '/')
      throw optionError('readable', JSON.stringify(each), 'absolute paths below the root of the file system')
  if (options.bubblewrap?.startsWith('/') === false)
    throw optionError('bubblewrap', JSON.stringify(options.bubblewrap), 'an absolute path')
  const size = (name: SizeName, fallback: number): number =>
    count(name, options[name], { fallback, most: Number.MAX_SAFE_INTEGER })
  const confinement = bubblewrap({
    network,
    readOnly,
    readable: readable.map((each) => resolve(each)),
    maxProcesses: size('maxProcesses', 256),
    maxMemoryBytes: size('maxMemoryBytes', 2 * 2 ** 30),
    maxFileBytes: size('maxFileBytes', 2 ** 30),
    maxScratchBytes: size('maxScratchBytes', 256 * 2 ** 20),
    bubblewrap: options.bubblewrap,
  })
  return { confinement, isNetworked: network, isReadOnly: readOnly }
}

const jailOptions = [
  'readOnly',
  'readable',
  'maxProcesses',
  'maxMemoryBytes',
  'maxFileBytes',
  'maxScratchBytes',
  'bubblewrap',
] as const satisfies readonly (keyof SystemConfinement)[]

type SizeName = 'maxProcesses' | 'maxMemoryBytes' | 'maxFileBytes' | 'maxScratchBytes'

function checkVariable(name: string): void {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name))
    throw optionError('environment', JSON.stringify(name), 'names of letters, digits and "_"')
  if (ownVariables.includes(name))
    throw optionError('environment', name, `any but ${ownVariables.join(', ')}, which the tool sets; see option path`)
}

function count(
  name: string,
  value: number | undefined,
  { fallback, most }: { fallback: number; most: number },
): number {
  if (value === undefined) return fallback
  if (Number.isInteger(value) && value >= 1 && value <= most) return value
  throw optionError(name, String(value), `a whole number from 1 to ${most}`)
}
