// Runs on whatever Node the machine has (20 or newer), before anything is installed: Node's own modules only.
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The root folder of this repository. */
export const root = fileURLToPath(new URL('../../..', import.meta.url))

/** The Node that this workspace pins. */
export const node = join(root, 'node_modules/node/bin/node')

/** The environment in which `node` and every installed tool are those of this workspace. */
export const env = {
  ...process.env,
  PATH: [join(root, 'node_modules/.bin'), process.env.PATH].join(delimiter),
  TURBO_TELEMETRY_DISABLED: '1',
}

const stamp = join(root, 'node_modules/.waystone-set-up')

/** `npx` with the pnpm that package.json names, and the given arguments. */
export function pnpm(...args) {
  const { packageManager } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  return ['npx', '--yes', '--loglevel=error', packageManager, ...args]
}

/**
 * Installs what the lock file names, unless that is what is there already.
 *
 * Writes to standard error only, and nothing when there is nothing to do.
 */
export function setUp() {
  const wanted = fingerprint()
  if (existsSync(node) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return
  const [stranger] = strangers(readFileSync(join(root, 'pnpm-lock.yaml'), 'utf8'))
  if (stranger !== undefined) {
    console.error(
      `Set-up failed: ${stranger} has a package.json, and pnpm-lock.yaml does not name it. A folder of your own belongs beside the clone (docs/getting-started.md, "Install"); to make it a package of this workspace, run: ${pnpm('install').join(' ')}`,
    )
    process.exit(1)
  }
  console.error('Setting up: installing the packages that pnpm-lock.yaml names (once, about 20 seconds).')
  const [command, ...args] = pnpm('install', '--frozen-lockfile', '--reporter=append-only', '--loglevel=error')
  const { status } = spawnSync(command, args, {
    cwd: root,
    env: process.env,
    stdio: ['ignore', 2, 2],
    shell: isWindows,
  })
  if (status !== 0) {
    console.error('Set-up failed: the packages could not be installed. The lines above say why.')
    process.exit(1)
  }
  writeFileSync(stamp, wanted)
}

/** Folders with a package.json where those of the workspace are, which a lock file does not name: pnpm would refuse them with a code that says little. */
export function strangers(lock) {
  return workspaceFolders().filter(
    (folder) => existsSync(join(root, folder, 'package.json')) && !lock.includes(`\n  ${folder}:\n`),
  )
}

function workspaceFolders() {
  return ['packages', 'apps', 'examples'].flatMap((group) =>
    readdirSync(join(root, group)).map((name) => `${group}/${name}`),
  )
}

const isWindows = process.platform === 'win32'

/** Changes when the lock file, a manifest or the kind of machine does. */
function fingerprint() {
  const manifests = workspaceFolders().map((folder) => join(folder, 'package.json'))
  const hash = createHash('sha256').update(`${process.platform}-${process.arch}`)
  for (const path of ['pnpm-lock.yaml', 'pnpm-workspace.yaml', 'package.json', ...manifests.toSorted()])
    if (existsSync(join(root, path))) hash.update(path).update(readFileSync(join(root, path)))
  return hash.digest('hex')
}
