import { effectClasses, type EffectClass } from '../define/effect-class.ts'
import { defaultRetry, readRetry } from './build-retry.ts'
import type { NodeSite } from './build-scope.ts'
import type { NodeRecordBase, RetryRecord } from './graph.ts'
import { listOfNames } from './issues.ts'
import {
  isName,
  readChoice,
  readDuration,
  readFlag,
  readNames,
  readStateKeys,
  readText,
  refuseValue,
  within,
  type Written,
} from './read-config.ts'

/** Options that every node has. */
export const nodeKeys = ['hears', 'on', 'exclusive', 'description', 'redirectable'] as const
/** Options that every node with an effect has. */
export const effectKeys = [...nodeKeys, 'reads', 'retry', 'timeout', 'sees'] as const

const builtInOutcomes = ['done', 'failed', 'timeout', 'unknown']

/** What the record of a node with an effect depends on beside its options. */
export interface EffectTerms {
  readonly effect: EffectClass
  readonly writes: readonly string[]
  /** Outcomes before the built-in ones. */
  readonly outcomes: readonly string[]
  /** True when an effect inside it may end unknown although its own does not. */
  readonly mayBeUnknown?: boolean
  readonly retry?: RetryRecord
  readonly timeoutMs?: number | null
}

/** The part of a record that all nodes with an effect share; outcomes that cannot happen are left out. */
export function buildBase({ id, scope, written }: NodeSite, terms: EffectTerms): NodeRecordBase {
  const timeoutMs = readDuration(written, 'timeout') ?? terms.timeoutMs ?? null
  const isUnsafe = terms.effect === 'unsafe'
  const outcomes = [...terms.outcomes, 'failed']
  if (timeoutMs !== null && !isUnsafe) outcomes.push('timeout')
  if (isUnsafe || terms.mayBeUnknown === true) outcomes.push('unknown')
  return {
    id,
    reads: readStateKeys(written, 'reads', scope.stateKeys),
    writes: terms.writes,
    outcomes,
    effect: terms.effect,
    retry: readRetry(written, terms.retry ?? defaultRetry(terms.effect)),
    timeoutMs,
    ...readCommon(written),
    ...(readChoice(written, 'sees', ['fork'] as const) === 'fork' && { sees: 'fork' as const }),
  }
}

/** What every node may declare. */
export function readCommon(
  written: Written,
): Pick<NodeRecordBase, 'hears' | 'exclusive' | 'description' | 'isRedirectable' | 'place'> {
  const exclusive = readText(written, 'exclusive', '')
  return {
    hears: readNames(written, 'hears'),
    ...(exclusive !== '' && { exclusive }),
    description: readText(written, 'description', ''),
    ...(readFlag(written, 'redirectable') && { isRedirectable: true }),
    place: written.place,
  }
}

/** Outcomes of the author's own: at least one, each a plain name and none of the built-in ones. Null when none are given. */
export function readOutcomes(written: Written): readonly string[] | null {
  if (written.config['outcomes'] === undefined) return null
  const outcomes = readNames(written, 'outcomes')
  if (outcomes.length === 0) refuseValue(written, 'outcomes', 'a list of at least one name')
  for (const outcome of outcomes) {
    if (isName(outcome) && !builtInOutcomes.includes(outcome)) continue
    written.issues.add('WAYSTONE_DEFINITION_BAD_NAME', within(written.place, 'outcomes'), {
      message: `${written.subject}: outcome ${JSON.stringify(outcome)} is no valid name`,
      hint: `Outcomes start with a letter and go on with letters, digits, _ and -; ${listOfNames(builtInOutcomes)} are built in.`,
    })
  }
  return outcomes
}

/** The effect class of a node, which may only be more careful than `least`. */
export function readEffect(written: Written, least: EffectClass | null): EffectClass {
  const effect = readChoice(written, 'effect', effectClasses) ?? least ?? 'unsafe'
  if (least === null || effectClasses.indexOf(effect) >= effectClasses.indexOf(least)) return effect
  written.issues.add('WAYSTONE_DEFINITION_BAD_VALUE', within(written.place, 'effect'), {
    message: `${written.subject}: effect is ${effect}, but its tool is ${least}`,
    hint: `A node may only be more careful than its tool; the order is ${effectClasses.join(', ')}.`,
  })
  return least
}
