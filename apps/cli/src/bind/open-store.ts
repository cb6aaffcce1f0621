import { mkdirSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Store } from '@waystone/core/store'
import { createSqliteStore } from '@waystone/sqlite'
import { projectFolder } from '../load/project.ts'
import type { Surroundings } from '../surroundings.ts'

/** Where runs are kept unless something else is said. */
function defaultStorePath(cwd: string): string {
  return join(projectFolder(cwd), '.waystone', 'runs.db')
}

/**
 * Opens the SQLite store at a path, or at the default one, making its folder when it is missing.
 *
 * @param makesStore - false: a store that was named must be there, so that a misspelt path is not answered by an empty store
 */
export function openSqliteStore(path: string | undefined, { cwd }: Surroundings, makesStore: boolean): Store {
  if (path !== undefined && !makesStore) return createSqliteStore({ path: resolve(cwd, path), mustExist: true })
  const file = path === undefined ? defaultStorePath(cwd) : resolve(cwd, path)
  mkdirSync(dirname(file), { recursive: true })
  return createSqliteStore({ path: file })
}
