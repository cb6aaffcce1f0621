import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { apiEntries, extractApi } from '../src/api-reports.ts'
import { readText, root } from '../src/workspace.ts'

describe.each(apiEntries())('exports of $folder, $name', (entry) => {
  const report = `${entry.folder}/api/${entry.name}.api.md`

  it('are those of the report (npm run api:update)', () => {
    expect(existsSync(`${root}${report}`), `${report} is missing`).toBe(true)
    expect(extractApi(entry, false)).toEqual({ isChanged: false, complaints: [] })
  })

  it('all have a doc comment', () => {
    const lines = readText(report).split('\n')
    const undocumented = lines.filter((_line, index) => /^\/\/ @\w+ \(undocumented\)/.test(lines[index - 1] ?? ''))
    expect(undocumented).toEqual([])
  })
})
