import { execFileSync, spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import type { GraphHashes } from '../../src/graph/graph.ts'

const packageFolder = fileURLToPath(new URL('../..', import.meta.url))
const source = join(packageFolder, 'test/identity/refunds.ts')
// Inside the package, so that places are relative to it and imports resolve as for its own files.
const folder = join(packageFolder, 'temp/identity')

interface Printed {
  readonly hashes: GraphHashes
  /** File and line by edge. */
  readonly lines: { readonly [edge: string]: string }
}

/** Loads files in another process. Order: as given. */
function load(files: readonly string[], ...flags: readonly string[]): readonly Printed[] {
  const runner = join(packageFolder, 'test/identity/print.ts')
  const options = ['--conditions=@waystone/source', '--no-warnings', ...flags, runner, ...files]
  const output = execFileSync(process.execPath, options, { cwd: packageFolder, encoding: 'utf8' })
  const printed = JSON.parse(output) as { readonly [file: string]: Printed }
  return files.map((file) => printed[file]).filter((found) => found !== undefined)
}

/** A change of the file's text, and what it is called. */
type Change = readonly [what: string, from: string | RegExp, to: string]

/** What differs after each change: `graph`, `behaviour`, `lines`. All are loaded by one process. */
function differences(plain: Printed, changes: readonly Change[]): { readonly [what: string]: string } {
  mkdirSync(folder, { recursive: true })
  const text = readFileSync(source, 'utf8')
  const files = changes.map(([what, from, to], index) => {
    const changed = text.replace(from, to)
    expect(changed, what).not.toBe(text)
    const file = join(folder, `changed-${index}.ts`)
    writeFileSync(file, changed)
    return file
  })
  const found = load(files).map(({ hashes, lines }) => {
    const parts = [
      hashes.graph !== plain.hashes.graph && 'graph',
      hashes.behaviour !== plain.hashes.behaviour && 'behaviour',
      Object.keys(lines).some((edge) => lineOf(lines[edge]) !== lineOf(plain.lines[edge])) && 'lines',
    ]
    return parts.filter((part) => part !== false).join(' ') || 'nothing'
  })
  return Object.fromEntries(changes.map(([what], index) => [what, found[index] ?? 'not loaded']))
}

function lineOf(place: string | undefined): string | undefined {
  return place?.split(':').at(-1)
}

/** Compiles the file as an author's build does. */
function compile(): string {
  mkdirSync(folder, { recursive: true })
  const project = join(folder, 'tsconfig.json')
  const compilerOptions = {
    noEmit: false,
    outDir: 'compiled',
    rootDir: packageFolder,
    sourceMap: true,
    rewriteRelativeImportExtensions: true,
  }
  writeFileSync(
    project,
    JSON.stringify({ extends: '../../../../tsconfig.json', compilerOptions, include: [], files: [source] }),
  )
  spawnSync(join(packageFolder, '../../node_modules/.bin/tsc'), ['-p', project])
  return join(folder, 'compiled/test/identity/refunds.js')
}

describe('identity of a workflow', { timeout: 60_000 }, () => {
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  const [plain = { hashes: { graph: '', behaviour: '' }, lines: {} }] = load([source])

  it('is the same under type stripping, under tsx and compiled', () => {
    expect(load([source], '--import', import.meta.resolve('tsx'))).toEqual([plain])
    const compiled = compile()
    expect(load([compiled])[0]?.hashes).toEqual(plain.hashes)
    expect(load([compiled], '--enable-source-maps')).toEqual([plain])
  })

  it('names the file relative to its package, and each edge by its own line', () => {
    expect(plain.lines).toMatchInlineSnapshot(`
      {
        "manager.approved": "test/identity/refunds.ts:39",
        "manager.expired": "test/identity/refunds.ts:25",
        "manager.rejected": "test/identity/refunds.ts:25",
        "refund.done": "test/identity/refunds.ts:26",
        "refund.failed": "test/identity/refunds.ts:26",
        "refund.unknown": "test/identity/refunds.ts:26",
        "triage.done.0": "test/identity/refunds.ts:37",
        "triage.done.1": "test/identity/refunds.ts:37",
        "triage.failed": "test/identity/refunds.ts:24",
      }
    `)
  })

  it('does not change with what is for people, and changes with what the run depends on', () => {
    expect(
      differences(plain, [
        ['comment and blank lines', 'const w =', '// The state.\n\n\nconst w ='],
        ['order of nodes', /^( {2}triage: [^]*?)( {2}manager: [^]*?\n)(?= {2}refund)/m, '$2$1'],
        ['order of read keys', "'order', 'reply'], writes", "'reply', 'order'], writes"],
        ['text of a guard', 'order.length < longest', 'order.length <= longest'],
        ['text of a tool', 'receipt: order })', 'receipt: `${order}.` })'],
        ['prompt', 'Sort the order out.', 'Sort the order out, kindly.'],
        ['model', "'fast'", "'good'"],
        ['description of a tool', "'Pays.'", "'Pays back.'"],
        ['description of a workflow', 'Pays back.', 'Pays it back.'],
        ['description in a schema', 'Unique.', 'Unique in the list.'],
        ['reason of an approval', 'Money moves.', 'Much money moves.'],
        ['name of a node', /\bmanager\b/g, 'boss'],
        ['read keys', "'order', 'reply'], writes", "'order'], writes"],
        ['edge', 'rejected: FAIL', 'rejected: END'],
        ['guard of an edge', 'when: isShort', 'when: w.not(isShort)'],
        ['expiry', "'2d'", "'3d'"],
        ['schema of a key', 'reply: z.string()', 'reply: z.string().min(1)'],
        ['state key named as a field', 'reply: z.string()', 'description: z.string().optional(), reply: z.string()'],
        ['effect class', "'Pays.',", "'Pays.', effect: 'keyed',"],
        ['version of a tool', "'Pays.',", "'Pays.', version: 2,"],
        ['version of a guard', '< longest\n}', '< longest\n}, { version: 2 }'],
        ['version of a workflow', "'Pays back.',", "'Pays back.', version: 2,"],
        ['limit', "'Pays back.',", "'Pays back.', limits: { steps: 9 },"],
        ['policy', "'Pays back.',", "'Pays back.', policies: [{ never: pay, without: [n.manager, 'approved'] }],"],
      ]),
    ).toMatchInlineSnapshot(`
      {
        "comment and blank lines": "lines",
        "description in a schema": "behaviour",
        "description of a tool": "behaviour",
        "description of a workflow": "behaviour",
        "edge": "graph",
        "effect class": "graph",
        "expiry": "graph",
        "guard of an edge": "graph",
        "limit": "graph",
        "model": "behaviour",
        "name of a node": "graph behaviour lines",
        "order of nodes": "lines",
        "order of read keys": "nothing",
        "policy": "graph",
        "prompt": "behaviour",
        "read keys": "graph",
        "reason of an approval": "behaviour",
        "schema of a key": "graph",
        "state key named as a field": "graph",
        "text of a guard": "nothing",
        "text of a tool": "nothing",
        "version of a guard": "graph",
        "version of a tool": "graph",
        "version of a workflow": "graph",
      }
    `)
  })
})
