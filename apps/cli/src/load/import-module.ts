import { AsyncLocalStorage } from 'node:async_hooks'
import { existsSync, statSync } from 'node:fs'
import { dirname, extname, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { InputError, setOptionFolder, WaystoneError } from '@waystone/core'
import { printable } from '../output/printable.ts'
import { projectFolder } from './project.ts'

/** What a module exports, by name. */
export type ModuleExports = Readonly<Record<string, unknown>>

const extensions = ['.ts', '.mts', '.cts', '.tsx', '.js', '.mjs', '.cjs', '.jsx']

/** Of the module that is being loaded. Not the process's own folder: other runs may be at work in it. */
const folderOfModule = new AsyncLocalStorage<string>()

/**
 * Runs a TypeScript or JavaScript module and gives its exports. TypeScript goes through tsx.
 *
 * Relative paths in options of stores, shells and servers that it makes begin at its project folder, whatever folder the command works in.
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
    setOptionFolder(() => folderOfModule.getStore())
    const load = async (): Promise<ModuleExports> =>
      // A module's exports are an object with names; what they are is checked where they are used.
      (await import(pathToFileURL(file).href)) as ModuleExports
    return await folderOfModule.run(projectFolder(dirname(file)), load)
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
