import type { Commit } from './commit.ts'
import { areaOf, touchesOf } from './paths.ts'
import { printable } from './printable.ts'

/** Longest title kept. Longer ones end in an ellipsis. */
const maxTitleLength = 240

/** Longest part of a body that is looked at, so that nobody's text can keep a pattern busy. */
const maxBodyLength = 20_000

/**
 * The format to give `git log -z --name-only` for {@link parseLog}: a mark, full hash, abbreviation, parents, date, subject and body, all ended by NUL,
 * which no commit text and no path can hold.
 *
 * @param mark - begins each record; drawn anew for each call, so that no path can be taken for it
 */
export function logFormat(mark: string): string {
  return `${mark}%x00%H%x00%h%x00%P%x00%cI%x00%s%x00%b%x00`
}

/**
 * Reads the output of `git log -z --name-only` with {@link logFormat}. Commit texts may hold anything, terminal escapes included: control
 * characters become blanks.
 *
 * Order: as git printed them, newest first.
 */
export function parseLog(text: string, mark: string): Commit[] {
  const commits: Commit[] = []
  const parents = new Map<string, readonly string[]>()
  const fields = text.split('\0')
  for (let at = fields.indexOf(mark); at !== -1;) {
    const next = fields.indexOf(mark, at + 7)
    const [hash = '', id = '', parentText = '', date = '', subject = '', body = '', ...paths] = fields.slice(
      at + 1,
      next === -1 ? undefined : next,
    )
    const files = paths.map((path) => path.replace(/^\n/, '')).filter((path) => path !== '')
    const parentList = parentText.split(' ').filter((parent) => parent !== '')
    parents.set(hash, parentList)
    commits.push(
      readCommit({
        hash,
        id,
        date,
        subject,
        body: body.slice(0, maxBodyLength),
        files,
        isMerge: parentList.length > 1,
      }),
    )
    at = next
  }
  return nameMerges(resolveReverts(commits), parents)
}

interface RawCommit {
  readonly hash: string
  readonly id: string
  readonly date: string
  readonly subject: string
  readonly body: string
  readonly files: readonly string[]
  readonly isMerge: boolean
}

function readCommit(raw: RawCommit): Commit {
  const subject = printable(raw.subject, maxTitleLength)
  const title = titleOf(subject, raw.body)
  const parts = /^([A-Za-z]+)(!)?(?:\(([^()]{1,60})\))?(!)?:\s+\S/.exec(title)
  const note = /^BREAKING[ -]CHANGES?:[ \t]*([\s\S]*?)(?:\n\s*\n|$(?![\s\S]))/m.exec(raw.body)
  const scope = parts?.[3]?.trim() ?? ''
  return {
    id: raw.id,
    hash: raw.hash,
    date: raw.date === '' || Number.isNaN(Date.parse(raw.date)) ? '' : new Date(raw.date).toISOString(),
    subject,
    title,
    type: parts?.[1]?.toLowerCase() ?? '',
    scope,
    refs: refsOf(`${subject} ${title}`),
    isBreaking: parts?.[2] === '!' || parts?.[4] === '!' || note !== null,
    breakingNote: printable(note?.[1] ?? '', maxTitleLength),
    isMerge: raw.isMerge,
    reverts: revertedBy(subject, raw.body),
    within: '',
    area: areaOf(raw.files),
    touches: touchesOf(raw.files),
    files: raw.files.length,
  }
}

/** GitHub's own subjects say nothing; what was merged stands in the body. The name of a security advisory is kept. */
function titleOf(subject: string, body: string): string {
  if (!/^Merge (pull request|PR) (#\d+|from GHSA-)|^Merge commit from fork$/i.test(subject)) return subject
  const lines = body.split('\n').map((text) => printable(text, maxTitleLength).replace(/^[*-] /, ''))
  const line = lines.find((text) => /^(fix|feat|perf|security)\b.*: /.test(text)) ?? lines.find((text) => text !== '')
  if (line === undefined || /^([\w-]+-by|PR-URL|Merge )/i.test(line)) return subject
  const advisory = /GHSA(-\w{4}){3}/i.exec(subject)?.[0]
  return advisory === undefined || line.includes(advisory) ? line : `${line} (${advisory})`
}

function refsOf(text: string): number[] {
  const found = [...text.matchAll(/(?<![\w/&])(?:#|GH-)(\d{1,7})\b/g)].map((match) => Number(match[1]))
  return [...new Set(found)].slice(0, 4)
}

/** What a revert says it reverts: a hash, else the pull request of GitHub's button, else the title it quotes. */
function revertedBy(subject: string, body: string): string {
  if (!/^(revert|reapply)\b/i.test(subject)) return ''
  const hash = /\bThis reverts commit ([0-9a-f]{7,64})/.exec(body)?.[1]
  if (hash !== undefined) return hash
  const request = /^Reverts [\w.-]+\/[\w.-]+#(\d{1,7})\b/m.exec(body)?.[1]
  if (request !== undefined) return `#${request}`
  const quoted = /^revert(?:\([^)]*\))?:?\s+"?\s*(.+?)"?(?:\s+\(#\d+\))?$/i.exec(subject)?.[1] ?? ''
  return quoted.length < 10 ? '' : `"${quoted}`
}

function withoutType(subject: string): string {
  return subject.replace(/^[A-Za-z]+(\([^()]*\))?!?:\s+/, '')
}

function withoutReference(subject: string): string {
  return subject.replace(/\s*\(#\d+\)$/, '')
}

/** Replaces what a revert names by the full hash of the newest older commit that fits; one outside the range is left as named. */
function resolveReverts(commits: readonly Commit[]): Commit[] {
  return commits.map((commit, index) => {
    if (commit.reverts === '') return commit
    const named = commit.reverts
    const found = commits.slice(index + 1).find((older) => {
      if (named.startsWith('#')) return older.refs.includes(Number(named.slice(1)))
      if (!named.startsWith('"')) return older.hash.startsWith(named)
      return [older.subject, withoutType(older.subject)].some((subject) =>
        subject.startsWith(withoutReference(named.slice(1))),
      )
    })
    return found === undefined ? commit : { ...commit, reverts: found.hash }
  })
}

/** More commits than this behind one merge are a branch of its own, not one change. */
const maxMergedCommits = 25

/** A merge speaks for its commits when its pull request has a telling title and they are few and not pull requests themselves. */
function isOneChange(merge: Commit, brought: readonly Commit[]): boolean {
  if (merge.title === merge.subject || !merge.title.includes(' ') || brought.length > maxMergedCommits) return false
  return !brought.some(
    (commit) => /\(#\d+\)$/.test(commit.subject) || (commit.isMerge && commit.title !== commit.subject),
  )
}

interface History {
  readonly byHash: ReadonlyMap<string, Commit>
  readonly parents: ReadonlyMap<string, readonly string[]>
  /** Grows: what is on a line of first parents, or behind a merge that speaks for it. */
  readonly taken: Set<string>
  /** Grows: what is now known better, by hash. */
  readonly changed: Map<string, Commit>
}

/** Says of each commit which pull request's merge brought it in, and gives that merge its files' kinds. Order: as given. */
function nameMerges(commits: readonly Commit[], parents: ReadonlyMap<string, readonly string[]>): Commit[] {
  const byHash = new Map(commits.map((commit) => [commit.hash, commit]))
  const history: History = { byHash, parents, taken: new Set(), changed: new Map() }
  const lines = [commits[0]?.hash]
  for (let tip = lines.pop(); tip !== undefined; tip = lines.pop()) lines.push(...nameLine(tip, history))
  return commits.map((commit) => history.changed.get(commit.hash) ?? commit)
}

/**
 * Follows first parents from a tip. Oldest merge first, so that a commit belongs to the merge that brought it onto the line.
 *
 * @returns tips of the branches that came in by merges that do not speak for them: lines of their own
 */
function nameLine(tip: string, history: History): string[] {
  const line: Commit[] = []
  for (let hash: string | undefined = tip; hash !== undefined; hash = history.parents.get(hash)?.[0]) {
    const commit = history.byHash.get(hash)
    if (commit === undefined || history.taken.has(hash)) break
    history.taken.add(hash)
    line.push(commit)
  }
  const branches: string[] = []
  for (const merge of line.toReversed()) {
    if (!merge.isMerge) continue
    const tips = history.parents.get(merge.hash)?.slice(1) ?? []
    const brought = collectBrought(tips, history)
    if (isOneChange(merge, brought)) speakFor(merge, brought, history)
    else branches.push(...tips)
  }
  return branches
}

/** Everything behind these tips that is not taken. */
function collectBrought(tips: readonly string[], history: History): Commit[] {
  const found = new Map<string, Commit>()
  const stack = [...tips]
  for (let hash = stack.pop(); hash !== undefined && found.size <= maxMergedCommits; hash = stack.pop()) {
    const commit = history.byHash.get(hash)
    if (commit === undefined || history.taken.has(hash) || found.has(hash)) continue
    found.set(hash, commit)
    stack.push(...(history.parents.get(hash) ?? []))
  }
  return [...found.values()]
}

function speakFor(merge: Commit, brought: readonly Commit[], { taken, changed }: History): void {
  for (const commit of brought) {
    taken.add(commit.hash)
    changed.set(commit.hash, { ...commit, within: merge.id })
  }
  changed.set(merge.hash, {
    ...merge,
    files: brought.reduce((sum, commit) => sum + commit.files, 0),
    area: brought.toSorted((left, right) => right.files - left.files)[0]?.area ?? '',
    touches: [...new Set(brought.flatMap((commit) => commit.touches))].toSorted(),
    isBreaking: merge.isBreaking || brought.some((commit) => commit.isBreaking),
    breakingNote: merge.breakingNote || (brought.find((commit) => commit.breakingNote !== '')?.breakingNote ?? ''),
  })
}
