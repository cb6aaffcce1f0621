import type { Place } from '../errors/definition-error.ts'
import { buildTarget } from './build-target.ts'
import { isJoin } from './build-fork.ts'
import { readHandoffLimits } from './build-handoff-limits.ts'
import { partOf, type BuildScope } from './build-scope.ts'
import { referenceOf } from './node-reference.ts'
import {
  exhaustedTarget,
  failTarget,
  limitNames,
  type LimitName,
  type LimitRecord,
  type LimitsRecord,
  type StallRecord,
} from './graph.ts'
import { describeValue } from './issues.ts'
import { placeOf } from './place.ts'
import {
  checkKeys,
  isRecord,
  readChoice,
  readCount,
  readDuration,
  readStateKeys,
  refuseValue,
  within,
  type Written,
} from './read-config.ts'

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
  checkKeys(limits, [...limitNames.map((name) => optionOf(name)), 'exhausted', 'stall', 'handoffs'])
  const bounds = readLimits(limits, limitNames)
  const stall = config['stall'] === undefined ? undefined : buildStall(scope, config['stall'], within(place, 'stall'))
  const handoffs = readHandoffLimits(scope, limits)
  return {
    bounds,
    exhausted: limitTarget(scope, limits, 'exhausted') ?? exhaustedTarget,
    ...(stall !== undefined && { stall }),
    ...(handoffs !== undefined && { handoffs }),
    place,
  }
}

/** Where a limit leads; undefined: nothing is said, or nothing that can be read. */
function limitTarget(scope: BuildScope, { config, place, issues }: Written, name: string): string | undefined {
  const target = config[name]
  if (target === undefined) return undefined
  const source = referenceOf(target)?.source
  const targetPlace = source === undefined ? within(place, name) : placeOf(`${place.path}.${name}`, source)
  if (isJoin(target)) {
    issues.add('WAYSTONE_DEFINITION_MISSING_TARGET', targetPlace, {
      message: `${partOf(scope, targetPlace)} leads to a join, where no branch has been`,
      hint: 'Give a node that works, END or FAIL.',
    })
  }
  return buildTarget(scope, target, targetPlace)
}

function buildStall(scope: BuildScope, written: unknown, place: Place): StallRecord | undefined {
  if (!isRecord(written)) {
    scope.issues.add('WAYSTONE_DEFINITION_BAD_VALUE', place, {
      message: `limits.stall is ${describeValue(written)}; expected is an object`,
      hint: 'Give stall: { transitions: 6, to: n.node }.',
    })
    return undefined
  }
  const stall: Written = { config: written, place, subject: 'limits.stall', issues: scope.issues }
  checkKeys(stall, ['transitions', 'watch', 'to', 'limit', 'otherwise'])
  if (written['transitions'] === undefined) refuseValue(stall, 'transitions', 'a whole number, 1 or more')
  const watch = written['watch'] === undefined ? null : readStateKeys(stall, 'watch', scope.stateKeys)
  if (watch?.length === 0) refuseValue(stall, 'watch', 'a list of state keys, or nothing')
  return {
    transitions: readCount(stall, 'transitions', { least: 1, fallback: 1 }),
    watch,
    to: limitTarget(scope, stall, 'to') ?? failTarget,
    limit: readCount(stall, 'limit', { least: 1, fallback: 1 }),
    otherwise: limitTarget(scope, stall, 'otherwise') ?? failTarget,
  }
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
