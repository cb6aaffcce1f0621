import { dirname, posix } from 'node:path'
import { describe, expect, it } from 'vitest'
import { importsOf } from '../src/imports.ts'
import { codeSpans, tableUnder } from '../src/markdown.ts'
import { readText, sourceFiles, workspacePackages } from '../src/workspace.ts'

const architecture = readText('ARCHITECTURE.md')
const core = 'packages/core/src/'
const coreFiles = sourceFiles().filter((path) => path.startsWith(core))

/** Modules through which core would reach the network, other processes or timers of its own. */
const forbiddenInCore =
  /^(node:)?(net|tls|http|https|http2|dgram|dns|child_process|cluster|worker_threads|timers)(\/.*)?$|^@waystone\/|^waystone$/

const layers = new Map(
  tableUnder('Layers of `packages/core/src`', architecture).flatMap((row) =>
    codeSpans(row['folder'] ?? '').map((folder) => [folder.replace(/\/$/, ''), Number(row['layer'])] as const),
  ),
)

/** The folder of core, or the entry, that a file belongs to. */
function folderOf(path: string): string {
  return path.slice(core.length).split('/')[0]?.replace(/\.ts$/, '') ?? ''
}

const coreImports = coreFiles.flatMap((file) =>
  importsOf(file).map((specifier) => ({
    file,
    specifier,
    target: specifier.startsWith('.') ? posix.join(dirname(file), specifier) : undefined,
  })),
)

describe('layers of core', () => {
  it('has every folder in the table of ARCHITECTURE.md', () => {
    const unknown = [...new Set(coreFiles.map(folderOf))].filter((folder) => !layers.has(folder))
    expect(unknown).toEqual([])
    expect(layers.size).toBeGreaterThan(8)
  })

  it('imports only from its own layer and those above it', () => {
    const breaks = coreImports.flatMap(({ file, target }) => {
      if (target === undefined) return []
      const [from, to] = [layers.get(folderOf(file)) ?? Infinity, layers.get(folderOf(target)) ?? Infinity]
      return to <= from ? [] : [`${file} (layer ${from}) imports ${target} (layer ${to})`]
    })
    expect(breaks).toEqual([])
    expect(coreImports.length).toBeGreaterThan(0)
  })

  it('keeps xstate inside compile/', () => {
    const outside = coreImports.filter(
      ({ file, specifier }) => /^xstate\b/.test(specifier) && folderOf(file) !== 'compile',
    )
    expect(outside).toEqual([])
  })

  it('reaches no other package of ours, no network, no process and no timer module', () => {
    expect(coreImports.filter(({ specifier }) => forbiddenInCore.test(specifier))).toEqual([])
  })
})

describe('packages', () => {
  const rows = tableUnder('Packages', architecture)
  const packages = workspacePackages()

  it.each(packages)('$folder depends on what ARCHITECTURE.md allows', ({ folder, dependencies }) => {
    const row = rows.find((one) =>
      codeSpans(one['package'] ?? '').some((name) => name === folder || isUnder(folder, name)),
    )
    const allowed = new Set(codeSpans(row?.['may depend on'] ?? '').map((name) => `@waystone/${name}`))
    const ours = dependencies.filter((name) => name === 'waystone' || name.startsWith('@waystone/'))
    expect(row, `${folder} has no row in the table of packages`).toBeDefined()
    expect(ours.filter((name) => !allowed.has(name))).toEqual([])
  })

  it('all have one version', () => {
    expect([...new Set(packages.map(({ version }) => version))]).toHaveLength(1)
  })
})

function isUnder(folder: string, pattern: string): boolean {
  return pattern.endsWith('/*') && folder.startsWith(pattern.slice(0, -1))
}
