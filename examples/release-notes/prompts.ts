import type { Verdict } from '@waystone/core'
import { z } from 'zod'
import type { Commit, CommitClass, Kind } from './git/commit.ts'
import { isInnerScope, isUserFacing } from './git/commit.ts'
import { listChanges } from './notes/changes.ts'

/** Commits that one call of `classify` is given. */
export const batchSize = 200

/** What `classify` is told: the next commits without a class, without what only code needs. */
export interface ClassifyPrompt {
  readonly task: 'classify'
  readonly commits: readonly Pick<
    Commit,
    'id' | 'title' | 'type' | 'scope' | 'isBreaking' | 'isMerge' | 'reverts' | 'area' | 'touches'
  >[]
}

/** A change as `draft` is told of it. */
export interface PromptChange {
  readonly id: string
  readonly kind: Kind
  readonly area: string
  readonly title: string
  /** What a breaking change says of itself; empty: nothing. */
  readonly note: string
  readonly refs: readonly number[]
  /** How many files it touches. */
  readonly files: number
}

/** What `draft` is told. Compact: user-facing changes in full, the rest as counts. */
export interface DraftPrompt {
  readonly task: 'draft'
  /** Order: newest first. */
  readonly changes: readonly PromptChange[]
  /** Updates of what the project itself depends on. Order: newest first. */
  readonly dependencies: readonly { readonly id: string; readonly title: string }[]
  readonly others: readonly {
    readonly kind: Kind
    readonly count: number
    readonly latest: { readonly id: string; readonly title: string }
  }[]
  readonly heard: {
    /** What the checker found in the draft before. */
    readonly facts: readonly { readonly rule: string; readonly message: string; readonly commits?: readonly string[] }[]
    /** Why the person sent the draft back. */
    readonly person: readonly string[]
  }
}

/** The next batch for `classify`. Order: as `commits`. */
export function classifyPrompt(commits: readonly Commit[], classes: readonly CommitClass[]): ClassifyPrompt {
  return { task: 'classify', commits: nextBatch(commits, classes).map((commit) => pickFacts(commit)) }
}

/** Commits without a class, at most {@link batchSize}. */
function nextBatch(commits: readonly Commit[], classes: readonly CommitClass[]): readonly Commit[] {
  return withoutClass(commits, classes).slice(0, batchSize)
}

function withoutClass(commits: readonly Commit[], classes: readonly CommitClass[]): readonly Commit[] {
  const done = new Set(classes.map((entry) => entry.id))
  return commits.filter((commit) => !done.has(commit.id))
}

/** How many commits still lack a class. Classes of ids that are not in the range count for nothing. */
export function countUnclassified(commits: readonly Commit[], classes: readonly CommitClass[]): number {
  return withoutClass(commits, classes).length
}

function pickFacts(commit: Commit): ClassifyPrompt['commits'][number] {
  const { id, title, type, scope, isBreaking, isMerge, reverts, area, touches } = commit
  return { id, title, type, scope, isBreaking, isMerge, reverts, area, touches }
}

/** Everything `draft` needs to know of a classified range. */
export function draftPrompt(
  commits: readonly Commit[],
  classes: readonly CommitClass[],
  heard: DraftPrompt['heard'],
): DraftPrompt {
  const changes = listChanges(commits, classes)
  const told = changes.filter((change) => isUserFacing(change.kind))
  const isShipped = ({ commit, kind }: (typeof changes)[number]): boolean =>
    kind === 'dependencies' &&
    commit.touches.includes('deps') &&
    !/dev/i.test(commit.scope) &&
    !isInnerScope(commit.scope.replace(/^deps$/i, ''))
  const shipped = changes.filter((change) => isShipped(change))
  const others = Map.groupBy(
    changes.filter((change) => !isUserFacing(change.kind) && !isShipped(change)),
    (change) => change.kind,
  )
  return {
    task: 'draft',
    changes: told.map(({ commit, kind, area, title }) => ({
      id: commit.id,
      kind,
      area,
      title,
      note: commit.breakingNote,
      refs: commit.refs,
      files: commit.files,
    })),
    dependencies: shipped.slice(0, 300).map(({ commit, title }) => ({ id: commit.id, title })),
    others: [...others].map(([kind, list]) => ({
      kind,
      count: list.length,
      latest: { id: list[0]?.commit.id ?? '', title: list[0]?.title ?? '' },
    })),
    heard,
  }
}

const Finding = z.object({ rule: z.string(), message: z.string(), commits: z.array(z.string()).optional() })

/** What `draft` is told of the verdicts on its work: the checker's findings, and a person's reason when they sent it back. */
export function readHeard(facts: Verdict | undefined, signoff: Verdict | undefined): DraftPrompt['heard'] {
  const findings = (facts?.reasons ?? []).flatMap((reason) => Finding.safeParse(reason).data ?? [])
  const said = signoff?.outcome === 'rejected' ? signoff.reasons.filter((reason) => typeof reason === 'string') : []
  return {
    facts: findings.map(({ rule, message, commits }) => ({
      rule,
      message,
      ...(commits === undefined ? {} : { commits }),
    })),
    person: said,
  }
}
