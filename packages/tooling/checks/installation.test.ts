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

afterAll(() => rmSync(folder, { recursive: true }), 60_000)

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

describe('docs/getting-started.md', () => {
  const desk = join(folder, 'desk')
  const write = (name: string, text: string): void => writeFileSync(join(desk, name), text)

  it('leads from a clone to a folder with types that are checked and tests that run (D4)', { timeout: 240_000 }, () => {
    const page = readText('docs/getting-started.md')
    const [, commands = ''] = /<!-- run by a test -->\n\n```sh\n([\s\S]*?)```/.exec(page) ?? []
    expect(commands).toMatch(/^npm run build\n/)
    // What it builds is there.
    const packed = join(folder, 'packed')
    const script = commands.slice(commands.indexOf('\n')).replace('$PWD/.waystone/packages', packed)
    const environment = { ...process.env, npm_config_prefer_offline: 'true', npm_config_audit: 'false' }
    execFileSync('sh', ['-ec', script.replaceAll('../desk', desk)], { cwd: root, env: environment, stdio: 'pipe' })

    const [, typeScriptOfPage = ''] = /```json\n([\s\S]*?)```/.exec(page) ?? []
    write('tsconfig.json', typeScriptOfPage)
    write('support.ts', readText('examples/guide/smallest.ts'))
    write('support.test.ts', readText('examples/guide/first.test.ts'))
    write('inline.ts', inlineShapes(readText('examples/guide/handoffs.ts')))
    const npx = (...args: readonly string[]): string =>
      execFileSync('npx', args, { cwd: desk, env: { ...environment, NO_COLOR: '1' }, encoding: 'utf8', stdio: 'pipe' })
    expect(npx('tsc')).toBe('')
    expect(npx('vitest', 'run')).toMatch(/Tests {2}1 passed/)
    expect(npx('waystone', 'check', 'support.ts')).toContain('No findings.')
    expect(npx('waystone', 'run', 'support.ts', '--input', '{"mail":"Is it blue?"}')).toContain('"topic": "other"')
  })
})

/** Answers of several shapes, written inline under the page's own options, which are less strict than those of this repository. */
function inlineShapes(handoffs: string): string {
  const [, offline = ''] = /\/\/ #region offline\n([\s\S]*?)\nconst invoice/.exec(handoffs) ?? []
  return `import type { Json, Model, ModelRequest } from '@waystone/core'
    import { scriptedModel } from '@waystone/testing'
    ${offline}
    export const chosen = offlineModel('chosen', ({ messages }) =>
      messages.length === 1
        ? { call: { name: 'look-up', arguments: { order: 'o-7' } } }
        : { call: { name: 'pay', arguments: { usd: 3, to: ['ann'] } } })
    export const returned = offlineModel('returned', ({ messages }) => {
      if (messages.length === 1) return { call: { name: 'look-up', arguments: { order: 'o-7' } } }
      if (messages.length === 2) return { call: { name: 'pay', arguments: { usd: 3 } } }
      return messages.length === 3 ? { output: { reply: 'x' } } : { output: { other: 1 } }
    })
    export const scripted = scriptedModel({
      a: [({ messages }) => {
        if (messages.length === 1) return { calls: [{ name: 'look-up', arguments: { order: 'o-7' } }] }
        return messages.length === 2 ? { output: { reply: 'x' } } : { output: { other: 1 } }
      }],
    })`
}

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
