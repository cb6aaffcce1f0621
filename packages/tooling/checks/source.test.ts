import { Visitor, type VisitorObject } from 'oxc-parser'
import { describe, expect, it } from 'vitest'
import { parse } from '../src/imports.ts'
import { projectFiles, readText, sourceFiles } from '../src/workspace.ts'

/** Places of the syntax nodes that `visit` reports, as `path:line`. */
function findSyntax(visit: (report: (node: { start: number }) => void) => VisitorObject): readonly string[] {
  return sourceFiles().flatMap((path) => {
    const found: string[] = []
    const text = readText(path)
    new Visitor(visit(({ start }) => found.push(`${path}:${text.slice(0, start).split('\n').length}`))).visit(
      parse(path),
    )
    return found
  })
}

describe('source', () => {
  it('throws errors with codes, never a bare Error', () => {
    const bare = findSyntax((report) => ({
      ThrowStatement(node) {
        const { argument } = node
        if (argument.type !== 'NewExpression' && argument.type !== 'CallExpression') return
        if (argument.callee.type === 'Identifier' && /^(Type|Range)?Error$/.test(argument.callee.name)) report(node)
      },
    }))
    expect(bare).toEqual([])
  })

  it('names what it re-exports', () => {
    expect(findSyntax((report) => ({ ExportAllDeclaration: report }))).toEqual([])
  })

  it('has no open end without an issue', () => {
    const open = projectFiles(/\.(ts|mjs)$/).flatMap((path) =>
      readText(path)
        .split('\n')
        .flatMap((line, index) => (/\b(TODO|FIXME|XXX)\b(?! ?\(?#\d+)/.test(line) ? [`${path}:${index + 1}`] : [])),
    )
    expect(open.filter((place) => !place.startsWith('packages/tooling/checks/source.test.ts'))).toEqual([])
  })
})
