import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { root, workspacePackages, type WorkspacePackage } from './workspace.ts'

/** A public package as the file that would be published. */
export interface PackedPackage extends WorkspacePackage {
  /** Absolute path of the `.tgz`. */
  readonly tarball: string
  /** Paths inside it. */
  readonly files: readonly string[]
}

/** Packs every public package, built before, into a folder with plain `npm pack`. */
export function packAll(destination: string): readonly PackedPackage[] {
  const packages = workspacePackages().filter((one) => one.isPublic)
  const folders = packages.map((one) => `./${one.folder}`)
  const output = execFileSync(
    'npm',
    ['pack', '--json', '--loglevel=error', '--pack-destination', destination, ...folders],
    {
      cwd: root,
      encoding: 'utf8',
    },
  )
  const packed = JSON.parse(output) as { name: string; filename: string; files: { path: string }[] }[]
  return packages.map((one) => {
    const found = packed.find(({ name }) => name === one.name)
    if (found === undefined) throw new RangeError(`npm pack gave nothing for ${one.name}`)
    return { ...one, tarball: join(destination, found.filename), files: found.files.map(({ path }) => path) }
  })
}
