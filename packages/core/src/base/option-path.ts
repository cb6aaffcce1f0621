import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'

/** One for all copies of this package in a process: the command has its own, and the project it loads may have another. */
const folderKey = Symbol.for('waystone.option-folder')

/**
 * Says where relative paths in options begin from now on, in all copies of this package.
 *
 * For programs that load configurations of others: what is meant there is a place beside the configuration, whatever folder the program works in.
 *
 * @param folder - asked for each path; undefined: the folder the process works in
 */
export function setOptionFolder(folder: () => string | undefined): void {
  Reflect.set(globalThis, folderKey, folder)
}

/**
 * The absolute path that an option means, fixed when it is read.
 *
 * @param path - a relative one begins at the folder of `setOptionFolder`, else at the folder the process works in; a URL is one of a file
 */
export function optionPath(path: string | URL): string {
  if (path instanceof URL) return fileURLToPath(path)
  const folder: unknown = Reflect.get(globalThis, folderKey)
  const start: unknown = typeof folder === 'function' ? Reflect.apply(folder, undefined, []) : undefined
  return typeof start === 'string' ? resolve(start, path) : resolve(path)
}
