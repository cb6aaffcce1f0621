import type { EffectClass } from '../define/effect-class.ts'
import { unknownCompensations } from '../define/compensate.ts'
import { readEffect } from './build-base.ts'
import { defaultRetry, readRetry } from './build-retry.ts'
import type { BuildScope } from './build-scope.ts'
import { collectTool, declaredEffect, toolDefinitionOf } from './tool-definition.ts'
import type { CompensationRecord, RetryRecord } from './graph.ts'
import {
  checkKeys,
  readChoice,
  readDuration,
  readFunction,
  readObject,
  refuseValue,
  within,
  type Written,
} from './read-config.ts'
import type { CompensationFunctions } from './registry.ts'

/** A compensation that was read: null, it was declined; undefined, nothing was said, or too much of it is wrong. */
export type BuiltCompensation =
  | { readonly record: CompensationRecord; readonly functions: CompensationFunctions }
  | null
  | undefined

/** Whose compensation is read. */
export interface CompensationSite {
  readonly scope: BuildScope
  /** Name of the node or the tool. */
  readonly id: string
  readonly written: Written
  /** State keys it is given. */
  readonly reads: readonly string[]
  /** How careful the work is that it undoes. */
  readonly effect: EffectClass
  /** True where a tool has said how, which `false` declines. */
  readonly mayDecline: boolean
}

/** Reads the option `compensate` of a node or a tool. */
export function readCompensation(site: CompensationSite): BuiltCompensation {
  const { written, mayDecline } = site
  const given = written.config['compensate']
  if (given === undefined) return undefined
  if (given === false && mayDecline) return null
  const config = readObject(written, 'compensate')
  if (config === undefined) return undefined
  refusePure(site)
  const inside: Written = {
    ...written,
    config,
    place: within(written.place, 'compensate'),
    subject: `${written.subject}, compensate`,
  }
  checkKeys(inside, ['tool', 'input', 'run', 'effect', 'retry', 'timeout', 'unknown'])
  if ((config['tool'] === undefined) === (config['run'] === undefined)) {
    refuseValue(
      inside,
      'tool',
      config['tool'] === undefined ? 'a tool, or `run` in its place' : 'left out beside `run`',
    )
    return undefined
  }
  return config['tool'] === undefined ? readRun(site, inside) : readTool(site, inside)
}

function refusePure({ written, effect }: CompensationSite): void {
  if (effect !== 'pure') return
  written.issues.add('WAYSTONE_DEFINITION_BAD_VALUE', within(written.place, 'compensate'), {
    message: `${written.subject} is pure, so that there is nothing to undo`,
    hint: 'Leave compensate out, or say what its effect really is.',
  })
}

function readRun(site: CompensationSite, inside: Written): BuiltCompensation {
  const run = readFunction(inside, 'run')
  if (inside.config['input'] !== undefined) refuseValue(inside, 'input', 'left out: `run` is given the step')
  const effect = readEffect(inside, null)
  const terms = { effect, retry: readRetry(inside, defaultRetry(effect)), timeoutMs: readDuration(inside, 'timeout') }
  return { record: { ...baseOf(site, inside, terms), kind: 'task' }, functions: { input: null, run } }
}

function readTool(site: CompensationSite, inside: Written): BuiltCompensation {
  const tool = collectTool(site.scope, inside.config['tool'], inside)
  const subject = toolDefinitionOf(inside.config['tool'])
  if (tool === undefined || subject === undefined) return undefined
  if (inside.config['input'] === undefined) refuseValue(inside, 'input', 'a function that makes the input of its tool')
  const input = readFunction(inside, 'input')
  const effect = readEffect(inside, declaredEffect(subject.config['effect']))
  // What is wrong with the tool itself is reported once, at the tool.
  const own: Written = {
    ...inside,
    config: subject.config,
    issues: { add: () => undefined, throwIfAny: () => undefined },
  }
  const toolRetry = subject.config['retry'] === undefined ? defaultRetry(effect) : readRetry(own, defaultRetry(effect))
  const terms = {
    effect,
    retry: readRetry(inside, toolRetry),
    timeoutMs: readDuration(inside, 'timeout') ?? readDuration(own, 'timeout'),
  }
  return { record: { ...baseOf(site, inside, terms), kind: 'tool', tool }, functions: { input, run: null } }
}

function baseOf(
  { id, reads }: CompensationSite,
  inside: Written,
  terms: { readonly effect: EffectClass; readonly retry: RetryRecord; readonly timeoutMs: number | null },
): Omit<CompensationRecord, 'kind' | 'tool'> {
  const last = terms.effect === 'unsafe' ? 'unknown' : 'timeout'
  return {
    id,
    reads,
    writes: [],
    outcomes: terms.effect === 'unsafe' || terms.timeoutMs !== null ? ['done', 'failed', last] : ['done', 'failed'],
    ...terms,
    hears: [],
    description: '',
    place: inside.place,
    whenUnknown: readChoice(inside, 'unknown', unknownCompensations) ?? 'ask',
  }
}
