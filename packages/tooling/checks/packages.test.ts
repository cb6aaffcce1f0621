import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { publint } from 'publint'
import { formatMessage } from 'publint/utils'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packAll, type PackedPackage } from '../src/pack.ts'
import { workspacePackages } from '../src/workspace.ts'

const folder = mkdtempSync(join(tmpdir(), 'waystone-packages-'))
const packages = workspacePackages().filter((one) => one.isPublic)
let packed: ReadonlyMap<string, PackedPackage>

beforeAll(() => {
  packed = new Map(packAll(folder).map((one) => [one.name, one]))
}, 120_000)

afterAll(() => rmSync(folder, { recursive: true }))

function packedAs(name: string): PackedPackage {
  const found = packed.get(name)
  if (found === undefined) throw new RangeError(`${name} was not packed`)
  return found
}

describe.each(packages)('package $name', ({ name }) => {
  it('holds its build and its sources, and no test', () => {
    const { files } = packedAs(name)
    expect(files.some((path) => path.startsWith('dist/') && path.endsWith('.js'))).toBe(true)
    expect(files.some((path) => path.startsWith('src/'))).toBe(true)
    expect(files.filter((path) => /\.test(-d)?\./.test(path) || !/^(dist|src)\/|^[^/]+$/.test(path))).toEqual([])
  })

  it('pleases publint, strictly', async () => {
    const { buffer: tarball } = Uint8Array.from(readFileSync(packedAs(name).tarball))
    const { messages, pkg } = await publint({ pack: { tarball }, strict: true })
    expect(messages.map((message) => formatMessage(message, pkg, { color: false }))).toEqual([])
  })
})

it.each(packages.filter(({ entries }) => entries.length > 0))(
  '$name resolves with its types from ES modules',
  ({ name }) => {
    const attw = fileURLToPath(new URL('../node_modules/@arethetypeswrong/cli/dist/index.js', import.meta.url))
    const args = [attw, packedAs(name).tarball, '--profile', 'esm-only', '--no-color', '--format', 'table-flipped']
    const { status, stdout } = spawnSync(process.execPath, args, { encoding: 'utf8' })
    expect(status, stdout).toBe(0)
  },
)
