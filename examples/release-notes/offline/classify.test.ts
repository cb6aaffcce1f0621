import { describe, expect, it } from 'vitest'
import type { Kind } from '../git/commit.ts'
import { classifyByRules, type CommitFacts } from './classify.ts'

function facts(title: string, more: Partial<CommitFacts> = {}): CommitFacts {
  const [, type = '', scope = ''] = /^([a-z]+)(?:\(([^)]+)\))?!?:/.exec(title) ?? []
  return {
    id: 'abc1234',
    title,
    type,
    scope,
    isBreaking: title.includes('!:'),
    isMerge: false,
    reverts: '',
    area: 'src',
    touches: ['source'],
    ...more,
  }
}

describe('classifyByRules', () => {
  it.each<[string, Kind, Partial<CommitFacts>?]>([
    ['feat(client): retry', 'feature'],
    ['fix(parser): accept an empty line', 'fix'],
    ['fix(ci): quote the version', 'build', { touches: ['ci'] }],
    ['fix: make the slow test pass', 'tests', { touches: ['tests'] }],
    ['fix: typo in the guide', 'docs', { touches: ['docs'] }],
    ['feat(client)!: return a result', 'breaking'],
    ['feat: adopt Node 22 as the minimum supported version', 'breaking', { touches: ['deps'] }],
    ['perf: read without copying', 'performance'],
    ['chore(deps): bump qs from 6.13.0 to 6.14.0', 'dependencies', { touches: ['deps'] }],
    ['deps: body-parser@2.2.0', 'dependencies', { touches: ['deps'] }],
    ['fix(deps): update letter-crypto, CVE-2026-10123', 'security'],
    ['fix(accept): replace a regular expression to mitigate ReDoS', 'security'],
    ['Merge commit from fork', 'security'],
    ["Merge branch 'main' into next", 'merge', { isMerge: true, touches: [] }],
    ['4.13.2', 'release', { touches: ['deps'] }],
    ['chore(release): 1.3.0', 'release', { touches: ['deps'] }],
    ['Revert "feat: keep letters"', 'revert'],
    ['feat: deprecate sendAll()', 'deprecation'],
    ['Added an option to set the return address', 'feature'],
    ['Prevent a double answer', 'fix'],
    ['Remove res.send(status) signature', 'change'],
    ['Use loop for acceptParams', 'internal'],
    ['wip', 'internal'],
    ['refactor: split the client', 'internal'],
    ['Update history.md for 4.19', 'docs', { touches: [] }],
  ])('sorts "%s" as %s', (title, kind, more) => {
    expect(classifyByRules(facts(title, more)).kind).toBe(kind)
  })

  it('takes the area from the scope, a prefix, then the folder', () => {
    expect(classifyByRules(facts('fix(parser): x y')).area).toBe('parser')
    expect(classifyByRules(facts('pnpr: avoid overwriting users')).area).toBe('pnpr')
    expect(classifyByRules(facts('Prevent a loop', { area: 'packages/router' })).area).toBe('router')
    expect(classifyByRules(facts('Prevent a loop', { area: 'src' })).area).toBe('')
  })
})
