import { randomBytes } from 'node:crypto'
import { basename } from 'node:path'
import { z } from 'zod'
import { Commit } from './commit.ts'
import { logFormat, parseLog } from './parse-log.ts'
import { printable } from './printable.ts'
import { GitError, runGit } from './run-git.ts'

/** Most commits that one run takes. */
const maxCommits = 5_000

/** Commits taken when the repository has no tag to start from. */
const defaultCommits = 200

/** What to collect. */
export const CollectInput = z.object({
  /** Folder of the repository: a work tree or a bare one. */
  repository: z.string().min(1),
  /** `from..to`, or one revision for everything up to it. Default: last tag to HEAD. */
  range: z.string().optional(),
  /** Name of the project for the title. Default: that of the remote, else of the folder. */
  project: z.string().max(60).optional(),
})

/** The range that was read, as people name it. */
export const Range = z.object({
  /** Name of the project: that of the remote, else of the folder. */
  project: z.string(),
  /** What the range starts after; empty: the beginning. */
  from: z.string(),
  to: z.string(),
  /** Full hash of `to`. */
  head: z.string(),
  /** Commits in it, merges included. */
  commits: z.number(),
  /** UTC date of `head`, e.g. `2026-11-21`. */
  date: z.string(),
})

/** See the schema of the same name. */
export type Range = z.infer<typeof Range>

/** What was collected. Order: newest commit first. */
export const Collected = z.object({ range: Range, commits: z.array(Commit) })

/** See the schema of the same name. */
export type Collected = z.infer<typeof Collected>

/** The range or the repository cannot be used; the message says what was found and what would do. */
export class CollectError extends Error {
  override readonly name = 'CollectError'
}

/**
 * Reads the commits of a range with git, each with the kinds of its files.
 *
 * Every revision is resolved to a full hash first, behind `--end-of-options`, so that no name can become an option or a path.
 *
 * @throws {CollectError} when the range is malformed, unknown, empty, or longer than {@link maxCommits}
 * @throws {GitError} when git itself fails
 */
export async function collectCommits(input: z.infer<typeof CollectInput>, signal?: AbortSignal): Promise<Collected> {
  const git = (...args: string[]): Promise<string> =>
    runGit(input.repository, args, signal === undefined ? {} : { signal })
  const ends = input.range === undefined ? await defaultRange(git) : parseRange(input.range)
  const head = await resolve(git, ends.to)
  const base = ends.from === '' ? '' : await resolve(git, ends.from)
  const span = [...(base === '' ? [] : [`^${base}`]), head]
  const count = Number(await git('rev-list', '--count', ...span, '--'))
  if (count === 0)
    throw new CollectError(`no commits between ${ends.from === '' ? 'the beginning' : ends.from} and ${ends.to}`)
  const cap = ends.newest ?? maxCommits
  if (count > cap && ends.newest === undefined) {
    throw new CollectError(
      `${count} commits in ${ends.from}..${ends.to}, at most ${maxCommits} are read in one run: choose a narrower range`,
    )
  }
  const mark = randomBytes(16).toString('hex')
  const log = await git(
    'log',
    '-z',
    '--name-only',
    '--no-ext-diff',
    '--no-textconv',
    '--no-renames',
    `--format=${logFormat(mark)}`,
    `--max-count=${cap}`,
    ...span,
    '--',
  )
  const commits = parseLog(log, mark)
  const range = {
    project: input.project ?? (await projectName(git, input.repository, head)),
    from: ends.from,
    to: ends.to === 'HEAD' ? (await tagAt(git, head)) || (commits[0]?.id ?? ends.to) : ends.to,
    head,
    commits: commits.length,
    date: commits[0]?.date.slice(0, 10) ?? '',
  }
  return { range, commits }
}

type Git = (...args: string[]) => Promise<string>

interface Ends {
  /** Empty: the beginning. */
  readonly from: string
  readonly to: string
  /** Only the newest so many. */
  readonly newest?: number
}

/**
 * Takes `from..to`, `from..`, `..to` or one revision apart.
 *
 * @throws {CollectError} for a revision that begins with `-`, holds blanks, control characters or `...`, or is longer than 200 characters
 */
export function parseRange(range: string): Ends {
  if (range.includes('...'))
    throw new CollectError(`range "${printable(range, 80)}": three dots are not taken, write from..to`)
  const parts = range.includes('..') ? range.split('..') : ['', range]
  if (parts.length !== 2)
    throw new CollectError(`range "${printable(range, 80)}" has more than one "..": write from..to`)
  const [from = '', to = ''] = parts
  for (const revision of [from, to]) {
    if (revision.startsWith('-'))
      throw new CollectError(
        `revision "${printable(revision, 80)}" begins with "-": options are not taken, write from..to`,
      )
    if (revision.length > 200 || /[\s\p{Cc}:?*[\\]/u.test(revision)) {
      throw new CollectError(
        `revision "${printable(revision, 80)}" is no name of a commit: write a tag, a branch or a hash`,
      )
    }
  }
  return { from, to: to === '' ? 'HEAD' : to }
}

async function resolve(git: Git, revision: string): Promise<string> {
  try {
    return (await git('rev-parse', '--verify', '--quiet', '--end-of-options', `${revision}^{commit}`)).trim()
  } catch (error) {
    if (!(error instanceof GitError) || error.exitCode === null) throw error
    if (error.exitCode === 128 && /not a git repository/.test(error.message)) throw error
    throw new CollectError(`no commit "${printable(revision, 80)}" in this repository`, { cause: error })
  }
}

/** Last tag to HEAD; when HEAD is that tag, from the tag before; without tags the newest {@link defaultCommits}. */
async function defaultRange(git: Git): Promise<Ends> {
  const last = await describeTag(git, 'HEAD')
  if (last === '') return { from: '', to: 'HEAD', newest: defaultCommits }
  const ahead = Number(await git('rev-list', '--count', `^refs/tags/${last}`, 'HEAD', '--'))
  if (ahead > 0) return { from: last, to: 'HEAD' }
  return { from: await describeTag(git, `refs/tags/${last}~1`), to: last }
}

async function describeTag(git: Git, revision: string): Promise<string> {
  return orEmpty(git('describe', '--tags', '--abbrev=0', '--end-of-options', revision))
}

async function tagAt(git: Git, hash: string): Promise<string> {
  return orEmpty(git('describe', '--tags', '--exact-match', '--end-of-options', hash))
}

/** Name of the remote, else of the work tree's folder, else what a package.json says, else of the bare repository's folder. */
async function projectName(git: Git, repository: string, head: string): Promise<string> {
  const remote = nameOf(await orEmpty(git('config', '--get', 'remote.origin.url')))
  const folder = nameOf(await orEmpty(git('rev-parse', '--show-toplevel')))
  if (remote !== '' || folder !== '') return remote || folder
  const manifest =
    /"name"\s*:\s*"([^"]{1,80})"/.exec(await orEmpty(git('cat-file', 'blob', `${head}:package.json`)))?.[1] ?? ''
  return nameOf(manifest) || nameOf(repository) || 'project'
}

function nameOf(path: string): string {
  return basename(path.replace(/[\\/]+$/, ''))
    .replace(/\.git$/, '')
    .replace(/[^\w.@ -]/g, '')
    .slice(0, 60)
    .trim()
}

/** A question that git answers with "no" by failing. */
async function orEmpty(answer: Promise<string>): Promise<string> {
  try {
    return (await answer).trim()
  } catch (error) {
    if (error instanceof GitError && error.exitCode !== null) return ''
    throw error
  }
}
