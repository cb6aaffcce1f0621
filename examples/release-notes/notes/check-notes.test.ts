import { beforeAll, describe, expect, it } from 'vitest'
import { createFixtureRepository } from '../test/repositories.ts'
import { collectCommits } from '../git/collect.ts'
import { classifyByRules } from '../offline/classify.ts'
import { checkNotes, type NotesFacts, type NotesFinding } from './check-notes.ts'
import { summaryLine } from './render.ts'

let facts: NotesFacts
beforeAll(async () => {
  const collected = await collectCommits({
    repository: await createFixtureRepository(),
    project: 'postbox',
    range: 'v1.3.0..HEAD~18',
  })
  good[2] = summaryLine(collected.range)
  facts = { ...collected, classes: collected.commits.map((commit) => classifyByRules(commit)) }
})

const good = [
  '# postbox 1.4.0',
  '',
  '',
  '',
  '## Features',
  '',
  '- **client:** Retry a letter that could not be delivered (#41, 610aff4)',
  '- **cache:** Keep delivered letters for a week (#47, 9e9f809)',
  '',
  '## Fixes',
  '',
  '- **parser:** Accept an address without a street number (#43, 8f5b001)',
]

function check(lines: readonly string[]): readonly NotesFinding[] {
  return checkNotes(`${lines.join('\n')}\n`, facts).findings
}

function change(line: number, text: string): string[] {
  return good.with(line - 1, text)
}

function brief(findings: readonly NotesFinding[]): string[] {
  return findings.map(
    ({ rule, at, commits }) =>
      `${rule} ${at.line}:${at.column}+${at.length}${commits === undefined ? '' : ` ${commits.join(' ')}`}`,
  )
}

describe('checkNotes', () => {
  it('passes notes that cite every user-facing commit (Q1)', () => {
    expect(checkNotes(good.join('\n'), facts)).toEqual({ findings: [], required: 3, covered: 3 })
  })

  it('finds a user-facing commit in no statement, whatever the classification said (Q3)', () => {
    const blind = { ...facts, classes: facts.classes.map((entry) => ({ ...entry, kind: 'internal' as const })) }
    const report = checkNotes(good.toSpliced(10, 2).toSpliced(9, 1).join('\n'), blind)
    expect(brief(report.findings)).toEqual(['missing 1:1+1 8f5b001'])
    expect(report).toMatchObject({ required: 3, covered: 2 })
  })

  it('finds a statement without a citation, with its position (Q3)', () => {
    expect(brief(check(change(7, '- **client:** Retry a letter (see the docs)')))).toEqual([
      'missing 1:1+1 610aff4',
      'uncited 7:1+43',
    ])
  })

  it('finds a citation of a commit that is not in the range (Q3)', () => {
    expect(brief(check(change(7, '- **client:** Retry a letter (#41, 610aff4, 41ac3d1)')))).toEqual([
      'unknown-commit 7:45+7',
    ])
  })

  it('finds a pull request that none of the commits cited names (Q3)', () => {
    expect(brief(check(change(7, '- **client:** Retry a letter (#99, 610aff4)')))).toEqual(['unknown-reference 7:31+3'])
  })

  it('finds a statement that has nothing to do with the commits it cites (Q3)', () => {
    expect(brief(check(change(7, '- Doubled salaries everywhere (#41, 610aff4)')))).toEqual(['unrelated 7:1+44'])
  })

  it('finds prose outside of lists', () => {
    expect(brief(check(change(4, 'Our best release ever.')))).toEqual(['uncited 4:1+22'])
  })

  it('finds headings that are unknown, twice, out of order or empty (Q2)', () => {
    expect(brief(check(change(10, '## Bugs')))).toEqual(['heading 10:1+7'])
    expect(brief(check(change(10, '## Features')))).toEqual(['heading 10:1+11'])
    expect(brief(check([...good, '', '## Security', '', '- Retry (610aff4)']))).toEqual(['heading 14:1+11'])
    expect(brief(check([...good, '', '## Changes']))).toEqual(['heading 14:1+10'])
    expect(brief(check(good.slice(1)))).toEqual(['title 4:1+11'])
  })

  it('finds HTML and links that came in with commit texts', () => {
    expect(brief(check(change(7, '- Retry a letter <img src=x> (#41, 610aff4)')))).toEqual(['markup 7:1+43'])
    expect(brief(check(change(7, '- Retry [a letter](javascript:x) (#41, 610aff4)')))).toEqual(['markup 7:1+47'])
    expect(brief(check(change(7, '- Retry `<img>` \\[a\\](b) a letter (#41, 610aff4)')))).toEqual([])
  })

  it('finds notes that are too long (Q2)', () => {
    const many = Array.from({ length: 150 }, () => '- **client:** Retry a letter (#41, 610aff4)')
    expect(brief(check([...good.slice(0, 6), ...many, ...good.slice(7)]))).toEqual(['length 147:1+43'])
    expect(brief(check(change(7, `- Retry ${'again '.repeat(130)}(#41, 610aff4)`)))).toEqual(['length 7:1+802'])
  })

  it('reads citations of footnotes, and finds those without a partner', () => {
    const noted = change(7, '- **client:** Retry a letter[^1]')
    expect(brief(check([...noted, '', '[^1]: 610aff4']))).toEqual([])
    expect(brief(check(noted))).toEqual(['missing 1:1+1 610aff4', 'uncited 7:1+32', 'footnote 7:29+4'])
    expect(brief(check([...good, '', '[^2]: 610aff4']))).toEqual(['footnote 14:1+13'])
  })

  it('wants a declared breaking change under its heading', async () => {
    const collected = await collectCommits({
      repository: await createFixtureRepository(),
      project: 'postbox',
      range: 'HEAD~17..HEAD~16',
    })
    const one = { ...collected, classes: collected.commits.map((commit) => classifyByRules(commit)) }
    const notes = ['# postbox', '', '## Features', '', '- **client:** Return a result (#49, 8cb885f)'].join('\n')
    expect(brief(checkNotes(notes, one).findings)).toEqual(['misplaced 1:1+1 8cb885f'])
    expect(checkNotes(notes.replace('Features', 'Breaking changes'), one).findings).toEqual([])
  })
})
