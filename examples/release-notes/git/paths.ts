import type { Touched } from './commit.ts'

/** First match wins. Order: from the most telling place to the least. */
const rules: readonly (readonly [Touched | 'ignored', RegExp])[] = [
  [
    'ignored',
    /(^|\/)(dist|[a-z]+_dist|vendor|third_party|node_modules|generated)\/|(^|\/)(\.changeset\/|changelogs?(\/|[\w.-]*$)|(history|release[-_]?notes|releases?)\.(md|txt|rst)$)/i,
  ],
  [
    'ci',
    /^(\.github\/|\.gitlab|\.circleci\/|\.travis|\.ci\/|appveyor|azure-pipelines|Jenkinsfile|renovate|\.renovate|codecov|\.codecov)/i,
  ],
  [
    'tests',
    /(^|\/)(tests?|__tests__|specs?|e2e|fixtures|__fixtures__|__snapshots__|__mocks__|test-utils?|runtime[-_]tests)\/|[._-](test|spec)(-d)?\.\w+$|(^|\/)(jest|vitest|playwright|karma)[\w.-]*\.\w+$/i,
  ],
  ['examples', /(^|\/)(examples?|demos?|playgrounds?|samples?|benchmarks?|bench)\//i],
  [
    'deps',
    /(^|\/)(package(-lock)?\.json|npm-shrinkwrap\.json|pnpm-(lock|workspace)\.yaml|yarn\.lock|bun\.lockb?|deno\.(jsonc?|lock)|jsr\.json|cargo\.(toml|lock)|go\.(mod|sum)|gemfile(\.lock)?|requirements([\w.-]*|\/[\w.-]+)\.txt|pyproject\.toml|poetry\.lock|composer\.(json|lock))$/i,
  ],
  [
    'docs',
    /(^|\/)(docs?|website|documentation)\/|\.(md|mdx|markdown|rst|adoc|txt)$|(^|\/)(readme|licen[cs]e|authors|contributors|notice|codeowners)(\.\w+)?$/i,
  ],
  [
    'config',
    /(^|\/)(\.[\w-]+|\.[\w.-]+(rc|ignore|attributes)|[\w.-]*\.config\.\w+|tsconfig[\w.-]*\.json|makefile|dockerfile|cspell\.\w+|\.?editorconfig|\.husky\/.*|\.vscode\/.*|\.devcontainer\/.*)$/i,
  ],
]

/** What a path is, by its folders and name. */
function touchOf(path: string): Touched | 'ignored' {
  return rules.find(([, pattern]) => pattern.test(path))?.[0] ?? 'source'
}

/** What a commit's files are. Order: as {@link rules}, source last; no repeats. */
export function touchesOf(paths: readonly string[]): Touched[] {
  const found = new Set(paths.map((path) => touchOf(path)))
  found.delete('ignored')
  return [...found].filter((touch): touch is Touched => touch !== 'ignored').toSorted()
}

/** Folders that only hold other projects: the one below them is the area. */
const holders = new Set([
  'packages',
  'apps',
  'libs',
  'crates',
  'modules',
  'plugins',
  'services',
  'src',
  'lib',
  'pkg',
  'internal',
  'cmd',
  'components',
])

/** The folder that most of the files are in, at most two levels below such as `packages` or `src`; empty for the top. */
export function areaOf(paths: readonly string[]): string {
  const counts = new Map<string, number>()
  const telling = paths.filter((path) => touchOf(path) === 'source')
  for (const path of telling.length > 0 ? telling : paths) {
    const folders = path.split('/').slice(0, -1)
    const isHeld = holders.has(folders[0] ?? '') && folders.length > 1
    const area = folders.slice(0, isHeld ? 2 : 1).join('/')
    counts.set(area, (counts.get(area) ?? 0) + 1)
  }
  let best = ''
  for (const [area, count] of counts) if (count > (counts.get(best) ?? 0)) best = area
  return best.slice(0, 60)
}
