import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { errorCodes } from '../../core/src/errors/codes.ts'
import { pages } from '../src/docs.ts'
import { projectFiles, readText, root, sourceFiles } from '../src/workspace.ts'

const codes = Object.keys(errorCodes)

describe('documentation', () => {
  it.each(pages())('$path holds what its snippets and tables come from (npm run docs:update)', ({ text, fresh }) => {
    expect(text).toBe(fresh)
  })

  it('links only to files and headings that exist', () => {
    const remark = fileURLToPath(new URL('../node_modules/remark-cli/cli.js', import.meta.url))
    const rules = ['--frail', '--quiet', '--no-stdout', '--no-color', '--use', 'remark-validate-links=repository:false']
    const files = projectFiles(/\.md$/).map((path) => `${root}${path}`)
    const cwd = fileURLToPath(new URL('..', import.meta.url))
    const { status, stderr } = spawnSync(process.execPath, [remark, ...rules, ...files], { cwd, encoding: 'utf8' })
    expect(stderr).toBe('')
    expect(status).toBe(0)
  })
})

describe('error codes', () => {
  const page = readText('docs/errors.md')
  const documented = [...page.matchAll(/^### (WAYSTONE_\w+)$/gm)].map((match) => match[1])

  it('are all documented in docs/errors.md, and no others are', () => {
    expect(new Set(documented)).toEqual(new Set(codes))
  })

  it('are the only ones that pages and sources name', () => {
    const families = [...new Set(Object.values(errorCodes).map(({ family }) => family.toUpperCase()))].join('|')
    const named = [...projectFiles(/\.md$/), ...sourceFiles()].flatMap((path) =>
      [...readText(path).matchAll(new RegExp(`\\bWAYSTONE_(${families})_[A-Z_]*[A-Z]\\b`, 'g'))].map(([code]) => ({
        path,
        code,
      })),
    )
    expect(named.filter(({ code }) => !Object.hasOwn(errorCodes, code))).toEqual([])
  })

  it('start with the prefix of their family', () => {
    const strays = Object.entries(errorCodes).filter(
      ([code, { family }]) => !code.startsWith(`WAYSTONE_${family.toUpperCase()}_`),
    )
    expect(strays).toEqual([])
  })

  it('are each expected by at least one test', () => {
    const tests = projectFiles(/^(?!packages\/tooling\/).*\.test\.ts$/)
      .map(readText)
      .join('\n')
    expect(codes.filter((code) => !new RegExp(`\\b${code}\\b`).test(tests))).toEqual([])
  })
})
