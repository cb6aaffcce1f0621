import { spawn } from 'node:child_process'
import type { Readable } from 'node:stream'

/** One call of git that failed: what was asked, and git's own words. */
export class GitError extends Error {
  override readonly name = 'GitError'
  /** Git's exit code; null when it did not exit by itself. */
  readonly exitCode: number | null

  constructor(message: string, exitCode: number | null, cause: unknown) {
    super(message, { cause })
    this.exitCode = exitCode
  }
}

/** Settings that a repository's own configuration must not decide: nothing of it is run, nothing is paged, coloured or abbreviated its way. */
const settings = [
  '--no-pager',
  '--literal-pathspecs',
  '-c',
  'core.quotePath=false',
  '-c',
  'core.fsmonitor=false',
  '-c',
  'core.abbrev=auto',
  '-c',
  'log.showSignature=false',
  '-c',
  'log.mailmap=false',
  '-c',
  'i18n.logOutputEncoding=UTF-8',
  '-c',
  'color.ui=false',
]

/** Most bytes that one call may answer. */
const maxOutputBytes = 128 * 1024 * 1024

/**
 * Runs git in a repository and returns what it printed. Never through a shell: arguments are passed one by one.
 *
 * @param repository - folder of the repository, a work tree or a bare one
 * @param args - the command and its arguments; what is not ours must stand behind `--end-of-options`
 * @param options - `signal` ends git at once; `input` is written to its standard input
 * @throws {GitError} when git is missing, fails, or answers more than 128 MB
 */
export function runGit(
  repository: string,
  args: readonly string[],
  options: { readonly signal?: AbortSignal; readonly input?: string } = {},
): Promise<string> {
  const { signal, input = '' } = options
  return new Promise((resolve, reject) => {
    // In a process group of its own: a Ctrl-C is for whoever asked, who may let git end.
    const child = spawn('git', [...settings, ...args], {
      cwd: repository,
      env: environment(),
      detached: true,
      ...(signal !== undefined && { signal }),
    })
    const [out, err] = [collect(child.stdout, () => child.kill()), collect(child.stderr, () => child.kill())]
    child.on('error', (error) => reject(describe(error, err.text(), args)))
    child.on('close', (code, killedBy) => {
      if (code === 0) return resolve(out.text())
      if (out.isTooLong()) return reject(new GitError('git answered more than 128 MB', code, undefined))
      const how = killedBy === null ? `exited with ${code}` : `was ended by ${killedBy}`
      reject(describe(Object.assign(new Error(how), { code }), err.text(), args))
    })
    child.stdin.on('error', () => undefined)
    child.stdin.end(input)
  })
}

interface Collected {
  readonly text: () => string
  readonly isTooLong: () => boolean
}

/** Keeps what a stream gives, up to the most that is taken. */
function collect(stream: Readable, onTooLong: () => void): Collected {
  const parts: Buffer[] = []
  let size = 0
  stream.on('data', (part: Buffer) => {
    size += part.length
    if (size <= maxOutputBytes) parts.push(part)
    else onTooLong()
  })
  return { text: () => Buffer.concat(parts).toString('utf8'), isTooLong: () => size > maxOutputBytes }
}

/** Without the GIT_* variables of whoever started us (a hook sets GIT_DIR), and without prompts, locks or fetching. */
function environment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !name.startsWith('GIT_'))
  return {
    ...Object.fromEntries(own),
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_NO_LAZY_FETCH: '1',
    // Git before 2.44 fetches missing objects of a partial clone, by whatever command its configuration names.
    GIT_ALLOW_PROTOCOL: 'none',
    LC_ALL: 'C',
  }
}

function describe(error: Error & { code?: number | string | null }, stderr: string, args: readonly string[]): GitError {
  const exitCode = typeof error.code === 'number' ? error.code : null
  if (error.code === 'ENOENT')
    return new GitError('git is not installed, or the repository folder does not exist', exitCode, error)
  const said = stderr.trim().split('\n').slice(-2).join(' ').slice(0, 400)
  return new GitError(`git ${args[0] ?? ''}: ${said === '' ? error.message : said}`, exitCode, error)
}
