import {
  cancelledIds,
  isDeclaredUserFacing,
  isUserFacing,
  type Commit,
  type CommitClass,
  type Kind,
} from '../git/commit.ts'

/** A change that readers must find in the notes: one commit, or the merge that speaks for several. */
export interface Change {
  readonly commit: Commit
  readonly kind: Kind
  readonly area: string
  readonly title: string
}

/** Kind of a declared change that was classified as something readers do not meet. */
const declaredKinds: { readonly [type: string]: Kind } = {
  feat: 'feature',
  feature: 'feature',
  fix: 'fix',
  perf: 'performance',
}

/** The kind that counts: what the commit declares of itself goes before what a model said. */
function kindThatCounts(commit: Commit, said: Kind): Kind {
  if (commit.isBreaking) return 'breaking'
  if (said === 'revert') return commit.touches.includes('source') ? 'change' : 'internal'
  if (!isUserFacing(said) && isDeclaredUserFacing(commit)) return declaredKinds[commit.type] ?? 'change'
  return said
}

/**
 * Every change that stands, with the kind that counts: what came to nothing within the range is left out, and a commit stands behind the merge
 * that brought it in when that is user-facing.
 *
 * Order: as `commits`. A commit without a class counts as `internal` unless it declares itself.
 */
export function listChanges(commits: readonly Commit[], classes: readonly CommitClass[]): Change[] {
  const said = new Map(classes.map((entry) => [entry.id, entry]))
  const cancelled = cancelledIds(commits)
  const standing = commits.filter((commit) => !cancelled.has(commit.id))
  const changes = standing.map((commit): Change => {
    const entry = said.get(commit.id)
    return {
      commit,
      kind: kindThatCounts(commit, entry?.kind ?? 'internal'),
      area: entry?.area ?? '',
      title: entry?.title ?? commit.title,
    }
  })
  const speaking = new Set(
    changes.filter((change) => change.commit.isMerge && isUserFacing(change.kind)).map((change) => change.commit.id),
  )
  return changes.filter((change) => !speaking.has(change.commit.within))
}

/** The changes that no notes of the range may leave out. */
export function listRequired(commits: readonly Commit[], classes: readonly CommitClass[]): Change[] {
  return listChanges(commits, classes).filter((change) => isUserFacing(change.kind))
}
