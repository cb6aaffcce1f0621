import { constants } from 'node:fs'
import { access, realpath, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** The file of a program, without symbolic links; undefined: no folder of the path has it. @param path - folders, joined by `:` */
export async function findProgram(program: string, path: string): Promise<string | undefined> {
  for (const folder of path.split(':')) {
    // A relative folder would mean another program after each change of the working folder.
    const file = folder.startsWith('/') ? await executable(join(folder, program)) : undefined
    if (file !== undefined) return file
  }
  return undefined
}

/** The path without symbolic links when it is a file that may be executed. */
export async function executable(path: string): Promise<string | undefined> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile() ? await realpath(path) : undefined
  } catch {
    return undefined
  }
}
