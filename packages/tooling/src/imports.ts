import { parseSync, type Program } from 'oxc-parser'
import { readText } from './workspace.ts'

/** Every module that a file imports or re-exports from, types and literal dynamic imports included. */
export function importsOf(path: string): readonly string[] {
  const text = readText(path)
  const { module } = parseSync(path, text)
  const dynamic = module.dynamicImports.map(({ moduleRequest }) =>
    text.slice(moduleRequest.start + 1, moduleRequest.end - 1),
  )
  const reexported = module.staticExports.flatMap(({ entries }) => entries.map((entry) => entry.moduleRequest?.value))
  const fixed = module.staticImports.map(({ moduleRequest }) => moduleRequest.value)
  return [...fixed, ...reexported.filter((value) => value !== undefined), ...dynamic]
}

/** The syntax tree of a file. */
export function parse(path: string): Program {
  const { program, errors } = parseSync(path, readText(path))
  if (errors.length > 0) throw new SyntaxError(`${path}: ${errors[0]?.message}`)
  return program
}
