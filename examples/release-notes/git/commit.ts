import { z } from 'zod'

/** What a commit's files are, coarsely. */
export const touched = ['source', 'docs', 'tests', 'ci', 'deps', 'examples', 'config'] as const

/** See {@link touched}. */
export type Touched = (typeof touched)[number]

/**
 * One commit of the range, cut down to what notes need. Every text is untrusted data from the repository.
 *
 * Shape: `id` is git's own unambiguous abbreviation of `hash`; `subject` is one printable line; `title` is the line that says what changed
 * (for the merge of a pull request its title); `refs` are the numbers of pull requests and issues named in the title, `#` left out.
 * Units: `date` UTC ISO-8601 of the commit; `files` is a count.
 */
export const Commit = z.object({
  id: z.string(),
  hash: z.string(),
  date: z.string(),
  subject: z.string(),
  title: z.string(),
  /** The `feat` of `feat(scope)!: …`, lower case; empty when the title is not a conventional one. */
  type: z.string(),
  /** The `scope` of it; empty: none. */
  scope: z.string(),
  refs: z.array(z.number()),
  /** Declared: `!` before the colon, or a BREAKING CHANGE footer. */
  isBreaking: z.boolean(),
  /** The footer's text, one line; empty: none. */
  breakingNote: z.string(),
  isMerge: z.boolean(),
  /** Full hash of the commit of the range that this one reverts; what it names when that is not in the range; empty: none. */
  reverts: z.string(),
  /** Id of the merge of a pull request that brought this commit in; empty: none. */
  within: z.string(),
  /** Folder that most of its files are in, e.g. `packages/core`; empty: the top. */
  area: z.string(),
  touches: z.array(z.enum(touched)),
  files: z.number(),
})

/** See the schema of the same name. */
export type Commit = z.infer<typeof Commit>

/** Kinds that a reader of release notes cares about. Order: as their sections stand. */
const userFacingKinds = ['breaking', 'security', 'feature', 'fix', 'performance', 'deprecation', 'change'] as const

/** Every kind that `classify` may choose. */
export const kinds = [
  ...userFacingKinds,
  'revert',
  'dependencies',
  'docs',
  'tests',
  'build',
  'internal',
  'release',
  'merge',
] as const

/** See {@link kinds}. */
export type Kind = (typeof kinds)[number]

/** What `classify` says of one commit: its kind, the area to group it under, and its title as a reader should see it. */
export const CommitClass = z.object({
  id: z.string(),
  kind: z.enum(kinds),
  area: z.string().max(60),
  title: z.string().min(1).max(300),
})

/** See the schema of the same name. */
export type CommitClass = z.infer<typeof CommitClass>

const userFacing: ReadonlySet<string> = new Set(userFacingKinds)

/** Whether a kind belongs into the notes by itself. */
export function isUserFacing(kind: Kind): boolean {
  return userFacing.has(kind)
}

/** Scopes under which even a `fix` or a `feat` is nothing that users of the project meet. */
const innerScopes =
  /^(ci|cd|tests?|e2e|docs?|website|site|blog|lint|eslint|build|release|deps|deps-dev|dev|benchmarks?|bench|examples?|internal|scripts?|repo|workflows?|tooling|changesets?|typos?|readme|refactor(ing)?|clean-?up|style)$/i

/** Whether a scope such as `ci` or `test` names something that only maintainers meet. */
export function isInnerScope(scope: string): boolean {
  return innerScopes.test(scope)
}

/**
 * Whether the commit says of itself, by its conventional type and by touching source files, that users meet its change.
 *
 * The gate believes this over any model, so that a classification cannot lose a declared change.
 */
export function isDeclaredUserFacing(commit: Commit): boolean {
  if (commit.isBreaking) return true
  if (!['feat', 'feature', 'fix', 'perf'].includes(commit.type)) return false
  return !isInnerScope(commit.scope) && commit.touches.includes('source')
}

/**
 * Ids of commits that came to nothing within the range: reverted ones and the reverts themselves, a revert of a revert taken into account.
 *
 * Order: `commits` newest first.
 */
export function cancelledIds(commits: readonly Commit[]): ReadonlySet<string> {
  const cancelled = new Set<string>()
  for (const commit of commits) {
    if (commit.reverts === '' || cancelled.has(commit.id)) continue
    const target = commits.find((other) => other.hash === commit.reverts)
    if (target === undefined) continue
    cancelled.add(commit.id)
    cancelled.add(target.id)
  }
  for (const commit of commits) if (cancelled.has(commit.within)) cancelled.add(commit.id)
  return cancelled
}
