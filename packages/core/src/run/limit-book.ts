import type { PermitClaim, RateWindow } from '../checkpoint/permit.ts'
import { inputError } from '../errors/input-error.ts'
import { modelOfStep } from '../graph/asked-models.ts'
import { isModelCall } from '../snapshot/snapshot.ts'
import type { EffectJob } from './effect-job.ts'
import { checkOptions } from './known-options.ts'
import type { SharedLimits } from './resource-limits.ts'

type Kind = keyof SharedLimits

const windows = {
  perSecond: { unit: 'calls', perMs: 1_000 },
  perMinute: { unit: 'calls', perMs: 60_000 },
  perHour: { unit: 'calls', perMs: 3_600_000 },
  perDay: { unit: 'calls', perMs: 86_400_000 },
  tokensPerMinute: { unit: 'tokens', perMs: 60_000 },
  tokensPerDay: { unit: 'tokens', perMs: 86_400_000 },
} as const satisfies { readonly [name: string]: Omit<RateWindow, 'max'> }

const prefixes = { models: 'model', tools: 'tool', resources: 'resource' } as const
const kinds = ['models', 'tools', 'resources'] as const satisfies readonly Kind[]
const most = 1_000_000_000
const code = 'WAYSTONE_INPUT_RUNTIME_OPTION'

type Terms = Omit<PermitClaim, 'tokens'>

interface Use {
  readonly terms: Terms
  /** Names under `resources`. */
  readonly resources: readonly string[]
}

/** The shared limits of a runtime, ready to be asked. */
export interface LimitBook {
  /** What an attempt needs; null: nothing it does is limited. Order: the model or tool, then resources by name. */
  claimsOf(job: EffectJob): readonly PermitClaim[] | null
  /** Names of models that have limits. */
  readonly models: readonly string[]
  /** Names of tools that have limits. */
  readonly tools: readonly string[]
}

/**
 * Reads the option `limits`.
 *
 * @returns null when nothing is limited
 * @throws {InputError} WAYSTONE_INPUT_RUNTIME_OPTION naming the place, what was found and what is allowed
 */
export function readLimits(given: SharedLimits | undefined): LimitBook | null {
  if (given === undefined) return null
  checkRecord('limits', given)
  checkKeys('limits', given, kinds)
  const resources = readAll(given, 'resources')
  const models = readAll(given, 'models')
  const tools = readAll(given, 'tools')
  for (const [kind, uses] of [
    ['models', models],
    ['tools', tools],
  ] as const)
    for (const [name, use] of uses) checkResources(`limits.${kind}.${name}.resources`, use.resources, resources)
  if (resources.size + models.size + tools.size === 0) return null
  const claim = (use: Use | undefined, more: readonly string[], tokens: number): readonly PermitClaim[] | null => {
    const named = [...new Set([...(use?.resources ?? []), ...more])].toSorted()
    const shared = named.flatMap((name) => resources.get(name)?.terms ?? [])
    const terms = use === undefined ? shared : [use.terms, ...shared]
    return terms.length === 0 ? null : terms.map((one) => ({ ...one, tokens }))
  }
  return {
    models: [...models.keys()],
    tools: [...tools.keys()],
    claimsOf(job) {
      const { open, compiled } = job
      if (isModelCall(open)) return claim(models.get(modelOf(job)), [], tokensOf(job))
      const tool = toolOf(job)
      if (tool === undefined) return null
      return claim(tools.get(tool), compiled.graph.tools[tool]?.resources ?? [], 0)
    },
  }
}

/** The name by which a step asks its model. */
function modelOf({ record, open }: EffectJob): string {
  return record.kind === 'agent' || record.kind === 'gate' ? modelOfStep(record, open) : ''
}

/** What a call of a model is expected to use, as far as anything is known of it. */
function tokensOf({ open: { reserved } }: EffectJob): number {
  return (reserved?.inputTokens ?? 0) + (reserved?.outputTokens ?? 0)
}

/** The tool of a step; undefined: it calls none. */
function toolOf({ open, record }: EffectJob): string | undefined {
  return open.tool ?? (open.kind === 'tool' && record.kind === 'tool' ? record.tool : undefined)
}

function readAll(given: SharedLimits, kind: Kind): ReadonlyMap<string, Use> {
  const table: unknown = given[kind] ?? {}
  const path = `limits.${kind}`
  checkRecord(path, table)
  return new Map(
    Object.entries(table).map(([name, limit]) => [name, readUse({ path: `${path}.${name}`, kind, name }, limit)]),
  )
}

interface Written {
  readonly path: string
  readonly kind: Kind
  readonly name: string
}

function readUse({ path, kind, name }: Written, limit: unknown): Use {
  checkRecord(path, limit)
  const rates = Object.keys(windows).filter((one) => kind !== 'tools' || !one.startsWith('tokens'))
  const allowed = ['concurrent', ...rates, ...(kind === 'resources' ? [] : ['resources'])]
  checkKeys(path, limit, allowed)
  const read = (key: string): number | null =>
    limit[key] === undefined ? null : readCount(`${path}.${key}`, limit[key])
  const found = Object.entries(windows).flatMap(([key, window]): readonly RateWindow[] => {
    const max = read(key)
    return max === null ? [] : [{ ...window, max }]
  })
  return {
    terms: { resource: `${prefixes[kind]}:${name}`, concurrent: read('concurrent'), rates: found },
    resources: readNames(`${path}.resources`, limit['resources'] ?? []),
  }
}

function readCount(path: string, value: unknown): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most) return value
  throw refused(`option ${path} is ${show(value)}; allowed are whole numbers from 1 to ${most}, or to leave it out`)
}

function readNames(path: string, value: unknown): readonly string[] {
  if (Array.isArray(value) && value.every((name) => typeof name === 'string')) return value
  throw refused(`option ${path} is ${show(value)}; a list of names of limits.resources belongs there`)
}

function checkResources(path: string, names: readonly string[], known: ReadonlyMap<string, Use>): void {
  const unknown = names.find((name) => !known.has(name))
  if (unknown === undefined) return
  throw refused(
    `option ${path} names ${show(unknown)}, which is not in limits.resources; there are: ${listOf([...known.keys()])}`,
  )
}

function checkRecord(path: string, value: unknown): asserts value is { readonly [key: string]: unknown } {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return
  throw refused(`option ${path} is ${show(value)}; an object belongs there`)
}

function checkKeys(path: string, value: object, names: readonly string[]): void {
  checkOptions({ what: `option ${path} has`, code, names }, value)
}

/**
 * Refuses limits of what is not there: most likely a name was mistyped, and nothing would be limited.
 *
 * @param known - null: nobody can know
 * @throws {InputError} WAYSTONE_INPUT_RUNTIME_OPTION
 */
export function checkLimitNames(
  book: LimitBook,
  known: { readonly models: readonly string[]; readonly tools: readonly string[] | null },
): void {
  for (const kind of ['models', 'tools'] as const) {
    const names = known[kind]
    const unknown = names === null ? undefined : book[kind].find((name) => !names.includes(name))
    if (names === null || unknown === undefined) continue
    const what =
      kind === 'models'
        ? 'no model of that name is bound; bound are'
        : 'no workflow of this runtime has that tool; they have'
    throw refused(`option limits.${kind}.${unknown}: ${what}: ${listOf(names)}`)
  }
}

function refused(message: string): Error {
  return inputError(code, message)
}

function show(value: unknown): string {
  return typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? typeof value)
}

function listOf(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ')
}
