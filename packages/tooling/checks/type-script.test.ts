import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { readText, root } from '../src/workspace.ts'

const costs = 'packages/core/test/type-cost'
const current = join(root, 'node_modules/.bin/tsc')
const older = fileURLToPath(new URL('../node_modules/typescript-6/lib/tsc.js', import.meta.url))

describe('TypeScript 6', () => {
  it('accepts what TypeScript 7 accepts', { timeout: 60_000 }, () => {
    const { status, stdout } = spawnSync(process.execPath, [older, '-p', root], { encoding: 'utf8' })
    expect(stdout).toBe('')
    expect(status).toBe(0)
  })
})

/**
 * The ceilings: instantiations by fixture, `"100-nodes.ts": 75000`, or by the difference of two of them,
 * `"200-nodes.ts - 100-nodes.ts": 45000`, which guards that the cost stays linear.
 */
const hasCosts = existsSync(join(root, costs))
const ceilings = hasCosts
  ? Object.entries(JSON.parse(readText(`${costs}/ceilings.json`)) as Record<string, number>)
  : []

describe.runIf(hasCosts)('cost of types', () => {
  it('has ceilings', () => expect(ceilings).not.toEqual([]))

  it.each(ceilings)('%s needs at most %d instantiations', (expression, ceiling) => {
    const [larger = '', smaller] = expression.split(' - ')
    const cost = instantiations(larger) - (smaller === undefined ? 0 : instantiations(smaller))
    expect(cost).toBeGreaterThan(0)
    expect(cost).toBeLessThanOrEqual(ceiling)
  })
})

/** How many types the compiler instantiates for one fixture; the same on every run. */
function instantiations(fixture: string): number {
  const folder = mkdtempSync(join(tmpdir(), 'waystone-type-cost-'))
  const project = join(folder, 'tsconfig.json')
  const types = { typeRoots: [join(root, 'node_modules/@types')] }
  const files = [join(root, costs, fixture)]
  writeFileSync(
    project,
    JSON.stringify({ extends: join(root, 'tsconfig.json'), compilerOptions: types, include: [], files }),
  )
  const output = execFileSync(current, ['-p', project, '--extendedDiagnostics', '--singleThreaded'], {
    encoding: 'utf8',
  })
  rmSync(folder, { recursive: true })
  return Number(/^Instantiations:\s+(\d+)$/m.exec(output)?.[1])
}
