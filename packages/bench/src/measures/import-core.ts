import { execFileSync } from 'node:child_process'
import { cpSync, lstatSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { repeat, type Measure } from '../measure.ts'
import { withScratch } from '../scratch.ts'
import { median } from '../statistics.ts'

const core = fileURLToPath(new URL('../../../core', import.meta.url))
const compiler = fileURLToPath(new URL('../../../../node_modules/.bin/tsc', import.meta.url))

/** Core as npm installs it elsewhere, and its import in a fresh process. */
export const importCore: Measure = {
  name: 'import-core',
  async run(effort) {
    return await withScratch(async (folder) => {
      installCore(folder)
      const installed = join(folder, 'node_modules')
      const times = await repeat({ ...effort, rounds: effort.rounds * 3 }, async () => importOnce(folder))
      const packages = packagesIn(installed)
      const megabytes = sizeOf(installed) / 1_048_576
      return [
        {
          name: 'import of core',
          unit: 'ms',
          value: median(times),
          target: { is: 'at most', value: 100, stretch: 60 },
          rounds: times,
          note: 'the import alone, in a fresh process each time',
        },
        {
          name: '… packages installed',
          unit: 'packages',
          value: packages,
          target: { is: 'at most', value: 8 },
          rounds: [packages],
          note: 'core included',
        },
        {
          name: '… size installed',
          unit: 'MB',
          value: megabytes,
          target: { is: 'at most', value: 10 },
          rounds: [megabytes],
        },
      ]
    })
  },
}

/** Builds and packs core as it is now, away from its own `dist`, and installs it. */
function installCore(folder: string): void {
  const staged = join(folder, 'core')
  cpSync(join(core, 'package.json'), join(staged, 'package.json'))
  cpSync(join(core, 'src'), join(staged, 'src'), { recursive: true })
  run(folder, compiler, '-p', join(core, 'tsconfig.build.json'), '--outDir', join(staged, 'dist'))
  const packed = run(folder, 'npm', 'pack', '--silent', '--pack-destination', folder, staged)
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  const tarball = join(folder, packed.trim())
  run(folder, 'npm', 'install', '--silent', '--prefer-offline', '--no-audit', '--no-fund', tarball)
}

/** @returns ms */
function importOnce(folder: string): number {
  const script = `const at = performance.now(); await import('@waystone/core'); console.log(performance.now() - at)`
  return Number(run(folder, process.execPath, '--input-type=module', '--eval', script))
}

function run(cwd: string, command: string, ...args: readonly string[]): string {
  return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] })
}

function packagesIn(modules: string): number {
  const names = readdirSync(modules).filter((name) => !name.startsWith('.'))
  return names.reduce((sum, name) => sum + (name.startsWith('@') ? readdirSync(join(modules, name)).length : 1), 0)
}

/** Bytes of all files in a folder. */
function sizeOf(folder: string): number {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((path) => lstatSync(join(folder, path)))
    .reduce((sum, entry) => sum + (entry.isFile() ? entry.size : 0), 0)
}
