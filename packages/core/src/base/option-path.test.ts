import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterEach, describe, expect, it } from 'vitest'
import { optionPath, setOptionFolder } from './option-path.ts'

afterEach(() => setOptionFolder(() => undefined))

describe('optionPath', () => {
  it('begins at the working folder, or where it was said', () => {
    expect(optionPath('.waystone/runs.db')).toBe(join(process.cwd(), '.waystone/runs.db'))
    setOptionFolder(() => resolve('/project'))
    expect(optionPath('.waystone/runs.db')).toBe(resolve('/project/.waystone/runs.db'))
    expect(optionPath(resolve('/else/runs.db'))).toBe(resolve('/else/runs.db'))
  })

  it('takes a URL, which means the same from every folder', () => {
    setOptionFolder(() => resolve('/project'))
    const file = resolve('/here/runs.db')
    expect(optionPath(pathToFileURL(file))).toBe(file)
  })
})
