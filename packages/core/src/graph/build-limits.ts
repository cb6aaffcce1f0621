import type { Place } from '../errors/definition-error.ts'
import { buildTarget } from './build-target.ts'
import { isJoin } from './build-fork.ts'
import type { BuildScope } from './build-scope.ts'
import { referenceOf } from './node-reference.ts'
import { exhaustedTarget, limitNames, type LimitName, type LimitRecord, type LimitsRecord } from './graph.ts'
import { describeValue } from './issues.ts'
import { placeOf } from './place.ts'
import { checkKeys, isRecord, readChoice, readDuration, within, type Written } from './read-config.ts'

/** Reads the workflow's limits. */
export function buildLimits(scope: BuildScope, written: unknown): LimitsRecord {
  const place: Place = { ...scope.place, path: `${scope.name}.limits` }
  const config = isRecord(written) ? written : {}
  const limits: Written = { config, place, subject: 'limits', issues: scope.issues }
  if (written !== undefined && !isRecord(written)) {
    scope.issues.add('WAYSTONE_DEFINITION_BAD_VALUE', place, {
      message: `limits is ${describeValue(written)}; expected is an object`,
      hint: 'Give limits: { steps: 60 }.',
    })
  }
  checkKeys(limits, [...limitNames.map((name) => optionOf(name)), 'exhausted'])
  const bounds = readLimits(limits, limitNames)
  const target = config['exhausted']
  if (target === undefined) return { bounds, exhausted: exhaustedTarget, place }
  const source = referenceOf(target)?.source
  const targetPlace = source === undefined ? within(place, 'exhausted') : placeOf(`${place.path}.exhausted`, source)
  if (isJoin(target)) {
    scope.issues.add('WAYSTONE_DEFINITION_MISSING_TARGET', targetPlace, {
      message: 'limits.exhausted leads to a join, where no branch has been',
      hint: 'Give a node that works, END or FAIL.',
    })
  }
  return { bounds, exhausted: buildTarget(scope, target, targetPlace) ?? exhaustedTarget, place }
}

/** Reads the limits of these names. */
export function readLimits<Name extends LimitName>(
  limits: Written,
  names: readonly Name[],
): { readonly [name in Name]?: LimitRecord } {
  const bounds: { [name in Name]?: LimitRecord } = {}
  for (const name of names) {
    const bound = readLimit(limits, name)
    if (bound !== undefined) bounds[name] = bound
  }
  return bounds
}

/** What a limit is called where authors write it. */
export function optionOf(name: LimitName): string {
  return name === 'durationMs' ? 'duration' : name
}

function readLimit(limits: Written, name: LimitName): LimitRecord | undefined {
  const key = optionOf(name)
  const value = limits.config[key]
  if (value === undefined) return undefined
  const config = isRecord(value) ? value : { max: value }
  const limit: Written = {
    ...limits,
    config,
    place: within(limits.place, key),
    subject: limits.subject === 'limits' ? `limit ${key}` : `${limits.subject}, limit ${key}`,
  }
  checkKeys(limit, ['max', 'check'])
  const check = readChoice(limit, 'check', ['before', 'after']) ?? 'before'
  const max = name === 'durationMs' ? readDuration(limit, 'max') : readMax(limit, name)
  return max === null ? undefined : { max, check }
}

function readMax(limit: Written, name: LimitName): number | null {
  const max = limit.config['max']
  const isWhole = name !== 'costUsd'
  if (typeof max === 'number' && Number.isFinite(max) && max >= 0 && (!isWhole || Number.isSafeInteger(max))) return max
  limit.issues.add('WAYSTONE_DEFINITION_BAD_LIMIT', limit.place, {
    message: `${limit.subject} is ${describeValue(max)}`,
    hint: isWhole ? 'Give a whole number, 0 or more.' : 'Give US dollars, 0 or more.',
  })
  return null
}
