import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'

/** Names a configuration may have, the first found wins. */
export const configNames = [
  'waystone.config.ts',
  'waystone.config.mts',
  'waystone.config.js',
  'waystone.config.mjs',
] as const

/** The nearest file with one of these names in a folder or above it; undefined: there is none. */
export function nearest(names: readonly string[], folder: string): string | undefined {
  for (let here = folder; ; here = dirname(here)) {
    const found = names.map((name) => join(here, name)).find((path) => existsSync(path))
    if (found !== undefined) return found
    if (dirname(here) === here) return undefined
  }
}

/** The project folder: where the nearest configuration or package.json lies, in the working folder or above; else the working folder. */
export function projectFolder(cwd: string): string {
  const found = nearest([...configNames, 'package.json'], cwd)
  return found === undefined ? cwd : dirname(found)
}
