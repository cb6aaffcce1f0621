import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { generateImports, generateWorkflow } from './generate.ts'

const packageFolder = fileURLToPath(new URL('../..', import.meta.url))
const tsc = join(packageFolder, '../../node_modules/.bin/tsc')
// Inside the package, so that the fixtures resolve `@waystone/core` and zod as its own files do.
const folder = join(packageFolder, 'temp/type-cost')

/**
 * Ceilings of instantiations: what the compiler does for a workflow beyond importing the library. The difference of two sizes guards
 * that the cost stays linear. Raise one only with a reason in the same commit.
 */
const ceilings = Object.entries(
  JSON.parse(readFileSync(new URL('ceilings.json', import.meta.url), 'utf8')) as {
    readonly [expression: string]: number
  },
)

describe('cost of types', () => {
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it.each(ceilings)('%s need at most %d instantiations', { timeout: 60_000 }, (expression, ceiling) => {
    const [larger = 0, smaller] = expression.split(' - ').map((size) => Number.parseInt(size, 10))
    const base = smaller === undefined ? generateImports() : generateWorkflow(smaller)
    const cost = instantiations(generateWorkflow(larger)) - instantiations(base)
    expect(cost).toBeGreaterThan(0)
    expect(cost).toBeLessThanOrEqual(ceiling)
  })
})

const measured = new Map<string, number>()

/** How many types the compiler instantiates for one module; the same on every run. Fails when it does not compile. */
function instantiations(text: string): number {
  const known = measured.get(text)
  if (known !== undefined) return known
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, 'fixture.ts'), text)
  const project = join(folder, 'tsconfig.json')
  writeFileSync(project, JSON.stringify({ extends: '../../../../tsconfig.json', include: [], files: ['fixture.ts'] }))
  const { stdout } = spawnSync(tsc, ['-p', project, '--extendedDiagnostics', '--singleThreaded'], { encoding: 'utf8' })
  expect(stdout).not.toContain('fixture.ts')
  const count = Number(/^Instantiations:\s+(\d+)$/m.exec(stdout)?.[1])
  measured.set(text, count)
  return count
}
