import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The root folder of this repository. */
export const root = fileURLToPath(new URL('../../..', import.meta.url))

/** One package of the workspace, as its manifest says it. */
export interface WorkspacePackage {
  /** Relative to the root: `packages/core`. */
  readonly folder: string
  readonly name: string
  readonly version: string
  readonly isPublic: boolean
  /** Keys of its exports map that are code: `.`, `./store`. */
  readonly entries: readonly string[]
  /** Names of what it needs when installed: dependencies and peer dependencies. */
  readonly dependencies: readonly string[]
}

interface Manifest {
  name: string
  version: string
  private?: boolean
  exports?: Record<string, unknown>
  dependencies?: Record<string, string>
  peerDependencies?: Record<string, string>
}

/** Every package under `packages`, `apps` and `examples`, in that order. */
export function workspacePackages(): readonly WorkspacePackage[] {
  return ['packages', 'apps', 'examples'].flatMap((group) =>
    readdirSync(join(root, group))
      .map((name) => `${group}/${name}`)
      .filter((folder) => existsSync(join(root, folder, 'package.json')))
      .map(readPackage),
  )
}

function readPackage(folder: string): WorkspacePackage {
  const manifest = JSON.parse(readText(`${folder}/package.json`)) as Manifest
  return {
    folder,
    name: manifest.name,
    version: manifest.version,
    isPublic: manifest.private !== true,
    entries: Object.keys(manifest.exports ?? {}).filter((entry) => entry !== './package.json'),
    dependencies: Object.keys({ ...manifest.dependencies, ...manifest.peerDependencies }),
  }
}

/** The text of a file named from the root. */
export function readText(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

/** Paths from the root of all files that git tracks or would track, sorted. */
export function projectFiles(matches: RegExp): readonly string[] {
  const listed = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root })
  const paths = new Set(listed.toString('utf8').split('\0').filter(Boolean))
  return [...paths].filter((path) => matches.test(path) && existsSync(join(root, path))).toSorted()
}

/** TypeScript that ships: under a `src` folder of a public package, no test. */
export function sourceFiles(): readonly string[] {
  const folders = workspacePackages()
    .filter((one) => one.isPublic)
    .map((one) => `${one.folder}/src/`)
  return projectFiles(/(?<!\.test|\.test-d)\.ts$/).filter((path) => folders.some((folder) => path.startsWith(folder)))
}
