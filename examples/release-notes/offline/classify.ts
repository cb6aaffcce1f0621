import { isInnerScope, type Commit, type CommitClass, type Kind } from '../git/commit.ts'
import { cleanTitle } from './title.ts'

/** What the rules look at: the part of a commit that the `classify` agent is shown. */
export type CommitFacts = Pick<
  Commit,
  'id' | 'title' | 'type' | 'scope' | 'isBreaking' | 'isMerge' | 'reverts' | 'area' | 'touches'
>

/** Classifies one commit by its conventional type, else by its words, and by the files it touches. */
export function classifyByRules(commit: CommitFacts): CommitClass {
  const prefix = /^([\w./@ -]{1,30}):\s+\S/.exec(commit.title)?.[1] ?? ''
  const kind = kindOf(commit, prefix)
  return { id: commit.id, kind, area: areaName(commit, prefix), title: titleFor(commit, kind) }
}

function titleFor(commit: CommitFacts, kind: Kind): string {
  if (isFromPrivateFork(commit)) return 'Fix merged from a private security fork'
  const quoted = /^revert:?\s+"\s*(.+?)"?(?:\s+\(#\d+\))?$/i.exec(commit.title)?.[1]
  if (kind === 'revert')
    return `Revert: ${cleanTitle(quoted ?? commit.title.replace(/^revert(\([^)]*\))?:?\s*/i, ''))}`.slice(0, 300)
  const title = cleanTitle(commit.title).slice(0, 300)
  const version = /^((?:@[\w.-]+\/)?[\w.-]+)@([~^]?\d\S*)$/.exec(title)
  return version === null ? title : `Update \`${version[1] ?? ''}\` to ${version[2] ?? ''}`
}

/** GitHub gives this subject to the squashed merge of a security advisory's private fork. */
function isFromPrivateFork(commit: CommitFacts): boolean {
  return commit.title === 'Merge commit from fork' && commit.touches.includes('source')
}

/** Words that say what a conventional type says, used as a prefix. */
const typeKinds: { readonly [type: string]: Kind } = {
  feat: 'feature',
  feature: 'feature',
  features: 'feature',
  fix: 'fix',
  fixes: 'fix',
  bugfix: 'fix',
  hotfix: 'fix',
  perf: 'performance',
  performance: 'performance',
  security: 'security',
  sec: 'security',
  docs: 'docs',
  doc: 'docs',
  documentation: 'docs',
  readme: 'docs',
  test: 'tests',
  tests: 'tests',
  testing: 'tests',
  spec: 'tests',
  ci: 'build',
  build: 'build',
  travis: 'build',
  dist: 'build',
  deps: 'dependencies',
  dep: 'dependencies',
  bench: 'tests',
  benchmark: 'tests',
  benchmarks: 'tests',
  chore: 'internal',
  refactor: 'internal',
  style: 'internal',
  lint: 'internal',
  misc: 'internal',
  cleanup: 'internal',
  examples: 'docs',
  example: 'docs',
  website: 'docs',
  revert: 'revert',
  release: 'release',
  denoify: 'internal',
  types: 'fix',
}

function kindOf(commit: CommitFacts, prefix: string): Kind {
  if (commit.reverts !== '' || /^revert\b/i.test(commit.title)) return 'revert'
  if (isFromPrivateFork(commit)) return 'security'
  if (commit.isMerge && /^Merge\b|^[\w./-]+$/.test(commit.title)) return 'merge'
  if (isRelease(commit)) return 'release'
  if (commit.isBreaking || isBreakingByWords(commit)) return 'breaking'
  const declared = typeKinds[commit.type] ?? typeKinds[prefix.toLowerCase()]
  if (declared === undefined) return kindByWords(commit)
  if (isDependencyUpdate(commit)) return namesAdvisory(commit) ? 'security' : 'dependencies'
  return refine(declared, commit)
}

function isBreakingByWords({ title, type, scope, touches }: CommitFacts): boolean {
  if (/^\[?BREAKING\b/.test(title)) return true
  if (
    !['', 'feat', 'fix', 'refactor', 'perf'].includes(type) ||
    isInnerScope(scope) ||
    !(touches.includes('source') || touches.includes('deps'))
  )
    return false
  return /\b(drop(s|ped)? (support for )?(node|python|ruby|php|java)\b|as the minimum (supported )?version|(raise|bump|increase) (the )?minimum|no longer supports?|drop support)\b/i.test(
    title,
  )
}

function isRelease({ title, type, scope }: CommitFacts): boolean {
  if (/^(v?\d+\.\d+(\.\d+)?\S*|version\+\+)$/i.test(title)) return true
  if (scope.toLowerCase() === 'release' || type === 'release') return true
  return (
    /^(\w+(\([^)]*\))?!?:\s*)?(release|publish|prepare|bump|update)?\s*(the |for |to )?(package )?(version|versions|release|packages? versions?)?\s*(to |for |of |as )?v?\d+\.\d+\.\d+\S*( release)?( \(#\d+\))?$/i.test(
      title,
    ) ||
    /^(\w+: )?(version packages|update versions?|bump versions?|update (the )?changelog|changelog|prepare release|release candidate)\b/i.test(
      title,
    )
  )
}

const wordsOfSecurity =
  /\bCVE-\d{4}|\bGHSA-|\bvulnerab|\bsecurity (fix|issue|hole|bug|patch)|\bXSS\b|\bCSRF\b|\bReDoS\b|\bprototype pollution|\bpath traversal|\bopen redirect|\b(header|command|html|sql|code|log) injection\b/i

function namesAdvisory({ title }: CommitFacts): boolean {
  return /\b(CVE-\d{4}-\d+|GHSA-\w{4})/.test(title)
}

/** Changelogs count as no kind of file. */
function touchesOnlyHistory(commit: CommitFacts): boolean {
  return commit.touches.length === 0 && !commit.isMerge
}

/** A declared type is believed unless the files, the scope or clear words say better. */
function refine(declared: Kind, commit: CommitFacts): Kind {
  const isChange = ['feature', 'fix', 'performance', 'security'].includes(declared)
  const hasSource = commit.touches.includes('source')
  if (!isChange) return declared
  if (touchesOnlyHistory(commit)) return 'docs'
  if (isInnerScope(commit.scope) || (commit.touches.length > 0 && !hasSource)) return byFiles(commit) ?? declared
  if (wordsOfSecurity.test(commit.title) && declared !== 'feature') return 'security'
  if (/^deprecat/i.test(cleanTitle(commit.title))) return 'deprecation'
  return declared
}

/** The kind of a commit that touches no source at all; `deps` files alone say little of a declared fix (an exports map is one). */
function byFiles(commit: CommitFacts): Kind | undefined {
  const has = (touch: Commit['touches'][number]): boolean => commit.touches.includes(touch)
  if (has('source')) return isInnerScope(commit.scope) ? byScope(commit.scope) : undefined
  if (has('ci')) return 'build'
  if (has('tests')) return 'tests'
  if (has('docs') && !has('deps')) return 'docs'
  if (has('examples')) return 'docs'
  if (has('config') && !has('deps')) return 'build'
  return isInnerScope(commit.scope) ? byScope(commit.scope) : undefined
}

function byScope(scope: string): Kind {
  if (/^(docs?|website|site|blog|readme|examples?|typos?)$/i.test(scope)) return 'docs'
  if (/^(tests?|e2e|bench|benchmarks?)$/i.test(scope)) return 'tests'
  if (/^(deps|deps-dev)$/i.test(scope)) return 'dependencies'
  return /^(ci|cd|build|release|scripts?|tooling|workflows?|changesets?|repo)$/i.test(scope) ? 'build' : 'internal'
}

function isDependencyUpdate(commit: CommitFacts): boolean {
  if (/^deps(-dev)?$/i.test(commit.scope) || commit.type === 'deps') return true
  if (!commit.touches.includes('deps') || commit.touches.includes('source')) return false
  if (/^[\w@/.-]+@[~^]?\d/.test(cleanTitle(commit.title))) return true
  return /\b(bump|upgrade|update|pin|lock|use|downgrade|add|remove)\b.*(\bv?\d+\.\d+|@[\d^~]|\bdependenc|\bdevDep|\block ?file|\bdeps\b|@\w)/i.test(
    commit.title,
  )
}

/** By the first word of a title in the imperative. `change`: users may meet it, but the words do not say whether it adds or mends. */
const verbKinds: { readonly [verb: string]: Kind } = {
  ...Object.fromEntries(
    [
      'add',
      'support',
      'implement',
      'introduce',
      'allow',
      'enable',
      'provide',
      'new',
      'expose',
      'export',
      'accept',
      'extend',
    ].map((verb) => [verb, 'feature']),
  ),
  ...Object.fromEntries(
    [
      'fix',
      'correct',
      'prevent',
      'avoid',
      'handle',
      'resolve',
      'repair',
      'ensure',
      'restore',
      'honor',
      'respect',
      "don't",
      'dont',
      'stop',
    ].map((verb) => [verb, 'fix']),
  ),
  ...Object.fromEntries(
    [
      'remove',
      'drop',
      'change',
      'rename',
      'replace',
      'return',
      'default',
      'disable',
      'require',
      'throw',
      'improve',
      'make',
      'ignore',
      'pass',
      'delete',
    ].map((verb) => [verb, 'change']),
  ),
  optimize: 'performance',
  optimise: 'performance',
  deprecate: 'deprecation',
  document: 'docs',
  test: 'tests',
  lint: 'internal',
  refactor: 'internal',
}

function kindByWords(commit: CommitFacts): Kind {
  const title = cleanTitle(commit.title)
  if (wordsOfSecurity.test(title)) return 'security'
  if (isDependencyUpdate(commit)) return 'dependencies'
  if (touchesOnlyHistory(commit)) return 'docs'
  if (commit.touches.length > 0 && !commit.touches.includes('source')) return byFiles(commit) ?? 'internal'
  if (
    /\b(tests?|spec|typos?|docs?|documentation|readme|jsdoc|comments?|lint\w*|flake8|mypy|eslint|ci|travis|makefile|whitespace|benchmarks?|examples?|todo|changelog|unused|dead code|refactor\w*|cleanup|clean up|copyright|licen[cs]e)\b/i.test(
      title,
    )
  ) {
    return /\b(typos?|docs?|documentation|readme|jsdoc|examples?)\b/i.test(title) ? 'docs' : 'internal'
  }
  if (/\b(speed up|faster|performance|perf)\b/i.test(title)) return 'performance'
  const words = title.split(/\s+/)
  if (words.length < 2) return 'internal'
  const isTested = words.length > 2 && commit.touches.includes('source') && commit.touches.includes('tests')
  return verbKinds[(words[0] ?? '').toLowerCase()] ?? (isTested ? 'change' : 'internal')
}

/** The scope, else the word before a colon, else the last folder: what notes group a commit under. Empty: nothing in particular. */
function areaName(commit: CommitFacts, prefix: string): string {
  const scope = commit.scope.split(/,\s*/)[0]?.replaceAll('`', '') ?? ''
  if (scope !== '' && !isInnerScope(scope) && scope.toLowerCase() !== 'security') return scope.slice(0, 60)
  const isType = prefix.toLowerCase() in typeKinds || prefix.includes(' ')
  if (commit.type === '' || !(commit.type in typeKinds)) {
    if (prefix !== '' && !isType && !/^(revert|merge)$/i.test(prefix)) return prefix
  }
  const folder = commit.area.split('/').at(-1) ?? ''
  const isTelling =
    !/^(src|lib|packages?|docs?|source|app|dist|index|utils?|helpers?|common|shared|)$/i.test(folder) &&
    !isInnerScope(folder)
  return isTelling && !/^[._]/.test(folder) ? folder : ''
}
