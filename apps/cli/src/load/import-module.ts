import { existsSync, statSync } from 'node:fs'
import { extname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { InputError, WaystoneError } from '@waystone/core'
import { printable } from '../output/printable.ts'

/** What a module exports, by name. */
export type ModuleExports = Readonly<Record<string, unknown>>

const extensions = ['.ts', '.mts', '.cts', '.tsx', '.js', '.mjs', '.cjs', '.jsx']

/**
 * Runs a TypeScript or JavaScript module and gives its exports. TypeScript goes through tsx.
 *
 * @param path - as the person wrote it
 * @param what - what it should be, for messages: `workflow`, `configuration`
 * @throws {InputError} WAYSTONE_INPUT_FILE_MISSING, WAYSTONE_INPUT_FILE_FAILED
 */
export async function importModule(path: string, { cwd, what }: { cwd: string; what: string }): Promise<ModuleExports> {
  const file = resolve(cwd, path)
  if (!existsSync(file)) {
    throw new InputError('WAYSTONE_INPUT_FILE_MISSING', `${what} file ${path}: no such file; looked for ${file}`, {
      file,
    })
  }
  if (statSync(file).isDirectory() || !extensions.includes(extname(file))) {
    const found = statSync(file).isDirectory() ? 'a folder' : `a file ending in "${extname(file)}"`
    const message = `${what} file ${path}: found ${found}; allowed is a module: ${extensions.join(' ')}`
    throw new InputError('WAYSTONE_INPUT_FILE_MISSING', message, { file })
  }
  await registerTsx()
  try {
    // A module's exports are an object with names; what they are is checked where they are used.
    return (await import(pathToFileURL(file).href)) as ModuleExports
  } catch (error) {
    // What the module itself threw as an error of Waystone (a wrong definition) is already said better.
    if (WaystoneError.isInstance(error)) throw error
    throw new InputError('WAYSTONE_INPUT_FILE_FAILED', failureText(error, `${what} file ${path}`), { file }, error)
  }
}

let registration: Promise<unknown> | undefined

/** tsx is loaded once, and only when a module is: it costs more than everything else at start. */
function registerTsx(): Promise<unknown> {
  registration ??= import('tsx/esm/api').then(({ register }) => register())
  return registration
}

function failureText(error: unknown, what: string): string {
  if (!(error instanceof Error)) return `${what} threw something that is no Error: ${printable(String(error))}`
  const text = printable(error.message)
  if (error.name === 'TransformError' || error instanceof SyntaxError) return `${what} has a syntax error: ${text}`
  return `${what} could not be loaded: ${text}`
}
