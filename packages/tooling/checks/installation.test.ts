import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, delimiter, dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packAll } from '../src/pack.ts'
import { readText, root } from '../src/workspace.ts'

/** The oldest Node that the packages support, and the one that this workspace pins. */
const nodes = ['22.13.1', process.versions.node]

/** The file that README.md shows, and the smallest workflow. */
const shown = /<!-- snippet: (\S+\.ts)#/.exec(readText('README.md'))?.[1] ?? 'README.md shows no snippet.ts'
const smallest = 'examples/hello/hello.ts'
const examples = [shown, smallest]

const typeScript = {
  compilerOptions: { strict: true, target: 'es2024', module: 'nodenext', types: ['node'], outDir: 'out', rootDir: '.' },
  include: ['*.ts'],
}

const folder = mkdtempSync(join(tmpdir(), 'waystone-installation-'))

beforeAll(() => {
  const tarballs = packAll(folder).map(({ tarball }) => tarball)
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }))
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(typeScript))
  for (const example of examples) copyFileSync(join(root, example), join(folder, basename(example)))
  runWith(nodes[0], 'npm', 'install', '--prefer-offline', '--no-audit', '--no-fund', ...tarballs, '@types/node@24')
}, 120_000)

afterAll(() => rmSync(folder, { recursive: true }))

describe('packages, installed by npm elsewhere', () => {
  it.each(nodes)('give the waystone command on Node %s', (version) => {
    expect(runWith(version, 'node', '--version')).toBe(`v${version}\n`)
    expect(runWith(version, 'npx', 'waystone', '--help')).toMatch(/Usage: waystone/)
  })

  it('let the examples compile', () => {
    expect(runWith(process.versions.node, join(root, 'node_modules/.bin/tsc'))).toBe('')
  })

  it('need fewer than 20 lines for a linear flow, imports and start included (D4)', () => {
    expect(readText(smallest).trim().split('\n').length).toBeLessThan(20)
  })

  it.each(nodes.flatMap((version) => examples.map((example) => [basename(example, '.ts'), version])))(
    'run the example %s on Node %s (D4)',
    (name, version) => {
      expect(runWith(version, 'node', `out/${name}.js`)).toMatch(/completed/)
    },
  )
})

/** What a command prints, run in the folder under a Node of the given version. */
function runWith(version = '', command = '', ...args: readonly string[]): string {
  const environment = { ...process.env, PATH: [dirname(nodeBinary(version)), process.env['PATH']].join(delimiter) }
  return execFileSync(command, args, {
    cwd: folder,
    env: environment,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

/** The binary of a Node, installed once from the npm package `node`. */
function nodeBinary(version: string): string {
  if (version === process.versions.node) return process.execPath
  const cache = join(root, 'node_modules/.cache', `node-${version}`)
  const binary = join(cache, 'node_modules/node/bin/node')
  if (!existsSync(binary)) {
    mkdirSync(cache, { recursive: true })
    execFileSync('npm', ['install', '--prefix', cache, '--no-audit', '--no-fund', `node@${version}`], { stdio: 'pipe' })
  }
  return binary
}
