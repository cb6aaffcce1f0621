import { realpath, stat } from 'node:fs/promises'
import { isAbsolute, relative, resolve, sep } from 'node:path'
import { NodeError } from '@waystone/core'

/** The folder that programs are jailed to, symbolic links resolved. @throws {NodeError} WAYSTONE_NODE_SHELL_FAILED when it is none */
export async function jailFolder(root: string): Promise<string> {
  return await realFolder(root, 'the folder of the shell tool')
}

/** A working folder inside the jail. @param cwd - relative to it, or absolute @throws {NodeError} WAYSTONE_NODE_SHELL_FAILED */
export async function folderInside(root: string, cwd: string): Promise<string> {
  const folder = resolve(root, cwd)
  if (!isInside(root, folder)) throw outside(cwd)
  const real = await realFolder(folder, 'cwd')
  if (!isInside(root, real)) throw outside(cwd)
  return real
}

/** Whether a path is a folder or lies in it; both without symbolic links. */
export function isInside(root: string, path: string): boolean {
  const way = relative(root, path)
  return way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
}

/** The path without symbolic links, as far as it exists. */
export async function realPathOf(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch {
    const parent = resolve(path, '..')
    return parent === path ? path : resolve(await realPathOf(parent), relative(parent, path))
  }
}

/** The first argument that names something outside of the folders, also as value of an option; undefined: none does. */
export async function pathOutside(
  args: readonly string[],
  cwd: string,
  folders: readonly string[],
): Promise<string | undefined> {
  for (const arg of args) {
    for (const candidate of pathsIn(arg)) {
      // A word without a separator can still be a link that leads out.
      if (candidate === '' || candidate.startsWith('-')) continue
      const real = await realPathOf(resolve(cwd, candidate))
      if (!folders.some((folder) => isInside(folder, real))) return arg
    }
  }
  return undefined
}

/** The argument itself, and what may follow an option in one word: `--file=PATH`, `-CPATH`. */
function pathsIn(arg: string): readonly string[] {
  const value = arg.slice(arg.indexOf('=') + 1)
  return arg.startsWith('-') ? [value, arg.slice(2)] : [arg, value]
}

async function realFolder(path: string, what: string): Promise<string> {
  try {
    const real = await realpath(path)
    if ((await stat(real)).isDirectory()) return real
  } catch (error) {
    throw new NodeError('WAYSTONE_NODE_SHELL_FAILED', `${what} ${JSON.stringify(path)} cannot be entered`, {
      cause: error,
    })
  }
  throw new NodeError('WAYSTONE_NODE_SHELL_FAILED', `${what} ${JSON.stringify(path)} is no folder`)
}

function outside(cwd: string): NodeError {
  return new NodeError(
    'WAYSTONE_NODE_SHELL_FAILED',
    `cwd ${JSON.stringify(cwd)} leaves the folder of the shell tool; give a path inside of it, relative to it`,
  )
}
