import { execFile } from 'node:child_process'
import { existsSync, lstatSync, readlinkSync } from 'node:fs'
import { constants } from 'node:os'
import { promisify } from 'node:util'
import { NodeError } from '@waystone/core'
import { executable, findProgram } from './find-program.ts'
import { isInside } from './folder.ts'
import type { Command, Confinement, ProgramExit } from './launch.ts'

/** What a program may reach and use. */
export interface JailOptions {
  readonly network: boolean
  /** The folder cannot be written. */
  readonly readOnly: boolean
  /** Further absolute paths that can be read. */
  readonly readable: readonly string[]
  readonly maxProcesses: number
  /** Of each process. */
  readonly maxMemoryBytes: number
  readonly maxFileBytes: number
  /** Of the temporary folder. */
  readonly maxScratchBytes: number
  /** Where bubblewrap is; undefined: in one of the system's folders. */
  readonly bubblewrap: string | undefined
}

/** Programs and libraries. None of it is a secret of this machine's. */
const systemFolders = ['/usr', '/bin', '/sbin', '/lib', '/lib32', '/lib64', '/libx32', '/nix/store', '/gnu/store']
const systemFiles = ['/etc/alternatives', '/etc/ld.so.cache', '/etc/localtime']
const networkFiles = [
  '/etc/ca-certificates',
  '/etc/hosts',
  '/etc/nsswitch.conf',
  '/etc/pki',
  '/etc/resolv.conf',
  '/etc/services',
  '/etc/ssl',
]
/**
 * What of /proc belongs to the whole machine. The kernel asks of most of it only whether the writer is root, and in a jail that
 * root made it is: it could set core_pattern, and so have a program of its own run outside.
 */
const machineFiles = ['sys', 'sysrq-trigger', 'acpi', 'asound', 'driver', 'fs', 'mtrr', 'pressure', 'scsi'].map(
  (name) => `/proc/${name}`,
)

/** Never the PATH of this process: npm puts folders of the project first, and a program may be able to write those. */
const trustedPath = '/usr/local/bin:/usr/bin:/bin:/run/current-system/sw/bin'

const home = '/tmp/home'

/**
 * Runs programs in namespaces of their own, made by bubblewrap: they see the folder, the system's programs and nothing else.
 *
 * Source: the manual of bubblewrap 0.8.
 */
export function bubblewrap(options: JailOptions): Confinement {
  let checked: Promise<Tools> | null = null
  return {
    async launch(command) {
      checked ??= findTools(options)
      // A machine can be mended while the runtime lives, so only success is remembered.
      checked.catch(() => (checked = null))
      const { bwrap, prlimit } = await checked
      const { environment } = command
      const absent = options.readable.find((path) => !existsSync(path))
      if (absent !== undefined)
        throw new NodeError('WAYSTONE_NODE_SHELL_FAILED', `readable ${JSON.stringify(absent)} is not there`)
      return {
        file: bwrap,
        args: confinedArgs(options, command, prlimit),
        cwd: '/',
        env: { ...environment, HOME: home, TMPDIR: '/tmp', PATH: command.path },
        endOf: exitOf,
      }
    },
  }
}

/** What is checked when nobody has said how programs are to be confined. */
const plainJail: JailOptions = {
  network: false,
  readOnly: true,
  readable: [],
  maxProcesses: 256,
  maxMemoryBytes: 2 ** 31,
  maxFileBytes: 2 ** 30,
  maxScratchBytes: 2 ** 20,
  bubblewrap: undefined,
}

/**
 * Says why this machine cannot confine programs; null: it can. For a service that wants to know before its first run does.
 *
 * Cost: starts one short program.
 *
 * @param file - where bubblewrap is; default: in one of the system's folders
 */
export async function confinementProblem(file?: string): Promise<string | null> {
  try {
    await findTools({ ...plainJail, bubblewrap: file })
    return null
  } catch (error) {
    return describeError(error)
  }
}

interface Tools {
  readonly bwrap: string
  readonly prlimit: string
}

async function findTools(options: JailOptions): Promise<Tools> {
  if (process.platform !== 'linux') throw missing(`it needs Linux, this is ${process.platform}`)
  const { bubblewrap: given } = options
  const bwrap = given === undefined ? await findProgram('bwrap', trustedPath) : await executable(given)
  const prlimit = await findProgram('prlimit', trustedPath)
  if (bwrap === undefined) throw missing(`bubblewrap (the program ${given ?? 'bwrap'}) is not installed`)
  if (prlimit === undefined) throw missing('util-linux (the program prlimit) is not installed')
  const command = { file: prlimit, args: ['--version'], root: '/usr', cwd: '/usr', environment: {}, path: '' }
  // The same arguments as for every command, so that an old version or a strict kernel is noticed here.
  const args = confinedArgs({ ...options, readOnly: true, readable: [] }, command, prlimit)
  try {
    await promisify(execFile)(bwrap, [...args], { env: {}, timeout: 10_000 })
  } catch (error) {
    throw missing(`${bwrap} cannot make a jail here: ${describeError(error)}`, error)
  }
  return { bwrap, prlimit }
}

function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  // Of a program that failed, the message begins with its whole command line.
  return 'stderr' in error && typeof error.stderr === 'string' && error.stderr !== ''
    ? error.stderr.trim()
    : error.message
}

function missing(what: string, cause?: unknown): NodeError {
  return new NodeError(
    'WAYSTONE_NODE_SHELL_CONFINEMENT',
    `confinement "system" is not available on this machine, so nothing was started: ${what}`,
    { cause },
  )
}

function confinedArgs(options: JailOptions, command: Command, prlimit: string): readonly string[] {
  const { file, args } = command
  return [...jailArgs(options, command), '--', prlimit, ...limitArgs(options), '--', file, ...args]
}

function jailArgs(options: JailOptions, { file, root, cwd }: Command): readonly string[] {
  const { network, readOnly, readable, maxScratchBytes } = options
  const scratch = String(maxScratchBytes)
  const paths = network ? [...systemFiles, ...networkFiles] : systemFiles
  const own = isInside(root, file) || systemFolders.some((folder) => isInside(folder, file)) ? [] : [file]
  return [
    namespaceArgs(network),
    systemArgs(paths),
    ['--size', scratch, '--tmpfs', '/dev/shm', '--remount-ro', '/dev'],
    ['--size', scratch, '--tmpfs', '/tmp', '--dir', home],
    [...readable, ...own].flatMap((path) => ['--ro-bind', path, path]),
    [readOnly ? '--ro-bind' : '--bind', root, root],
    ['--remount-ro', '/', '--chdir', cwd],
  ].flat()
}

function namespaceArgs(network: boolean): readonly string[] {
  const namespaces = ['user', 'pid', 'ipc', 'uts', ...(network ? [] : ['net'])].map((name) => `--unshare-${name}`)
  return [...namespaces, '--unshare-cgroup-try', '--die-with-parent', '--new-session', '--cap-drop', 'ALL']
}

function systemArgs(paths: readonly string[]): readonly string[] {
  return [
    systemFolders.flatMap((folder) => {
      const stats = lstatSync(folder, { throwIfNoEntry: false })
      if (stats === undefined) return []
      return stats.isSymbolicLink() ? ['--symlink', readlinkSync(folder), folder] : ['--ro-bind', folder, folder]
    }),
    paths.flatMap((path) => (existsSync(path) ? ['--ro-bind', path, path] : [])),
    ['--dev', '/dev', '--proc', '/proc'],
    machineFiles.flatMap((path) => (existsSync(path) ? ['--ro-bind', path, path] : [])),
  ].flat()
}

function limitArgs({ maxProcesses, maxMemoryBytes, maxFileBytes }: JailOptions): readonly string[] {
  return [`--nproc=${maxProcesses}`, `--data=${maxMemoryBytes}`, `--fsize=${maxFileBytes}`, '--core=0']
}

/** Signals that end programs on their own account. Other codes above 128 are used by programs themselves: git says 129. */
const endingSignals = ['SIGILL', 'SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGKILL', 'SIGSEGV', 'SIGTERM', 'SIGXCPU', 'SIGXFSZ']

/** What jails its program gives back 128 and the number for a signal. */
function exitOf(code: number): ProgramExit {
  const signal = endingSignals.find((name) => code === 128 + (constants.signals[name as NodeJS.Signals] ?? 0))
  return signal === undefined ? { exitCode: code, signal: null } : { exitCode: null, signal }
}
