import type { Json, JsonObject } from '../base/json.ts'
import { own } from '../base/own.ts'
import { formatGuard } from '../check/propositions.ts'
import { describeThrown } from '../errors/describe-thrown.ts'
import type { FailureName } from '../errors/failure-names.ts'
import { nodeError } from '../errors/node-error.ts'
import type { Graph, GuardExpression } from '../graph/graph.ts'
import type { Registry } from '../graph/registry.ts'
import type { GuardReading } from '../snapshot/decision.ts'
import type { RunContext } from '../snapshot/snapshot.ts'

/** Longest string that a decision record holds in full. */
const longestReading = 120

/** Runs guards over one state, each at most once. */
export interface GuardRunner {
  /**
   * @param readings - guards of this expression, added in the order they were run; ones run before for another edge are added again, not run again
   * @throws {NodeError} WAYSTONE_NODE_GUARD_ERROR when a guard throws or gives something else than a boolean
   */
  holds(expression: GuardExpression, readings: GuardReading[]): boolean
}

/** What edges may ask beside the state. */
export interface GuardSite {
  /** How what ended went wrong; absent: it did not, or not in a way that has a name. */
  readonly failure?: FailureName | undefined
  /** Steps that are open, what has just ended among them. */
  readonly open?: RunContext['open']
  /** What has just ended: it is not under way any more. */
  readonly ended?: string | undefined
}

function readSite(
  expression: Extract<GuardExpression, { failure: FailureName } | { active: string }>,
  { failure, open = {}, ended }: GuardSite,
): GuardReading {
  const result =
    'failure' in expression
      ? expression.failure === failure
      : expression.active !== ended && Object.values(open).some(({ node }) => node === expression.active)
  return { guard: formatGuard(expression), result, read: {} }
}

/** A {@link GuardRunner} over a state after a node's patch. */
export function createGuardRunner(
  parts: { readonly graph: Graph; readonly registry: Registry },
  state: JsonObject,
  site: GuardSite = {},
): GuardRunner {
  const done = new Map<string, GuardReading>()
  const run = (name: string): GuardReading => {
    const known = done.get(name)
    if (known !== undefined) return known
    const reading = runGuard(parts, name, state)
    done.set(name, reading)
    return reading
  }
  const holds = (expression: GuardExpression, readings: GuardReading[]): boolean => {
    if ('not' in expression) return !holds(expression.not, readings)
    if ('all' in expression) return expression.all.every((part) => holds(part, readings))
    if ('any' in expression) return expression.any.some((part) => holds(part, readings))
    const reading = 'guard' in expression ? run(expression.guard) : readSite(expression, site)
    readings.push(reading)
    return reading.result
  }
  return { holds }
}

function runGuard(
  parts: { readonly graph: Graph; readonly registry: Registry },
  name: string,
  state: JsonObject,
): GuardReading {
  const guard = parts.registry.guards.get(name)
  const record = own(parts.graph.guards, name)
  if (guard === undefined || record === undefined) {
    throw nodeError(
      'WAYSTONE_NODE_GUARD_ERROR',
      `guard "${name}" is not registered; known are ${[...parts.registry.guards.keys()].join(', ')}`,
    )
  }
  const slice: { [key: string]: Json } = {}
  const read: { [key: string]: Json } = {}
  for (const key of record.reads) {
    const value = own(state, key)
    if (value === undefined) continue
    slice[key] = value
    read[key] = isSmall(value) ? value : { $state: key }
  }
  let result: unknown
  try {
    result = guard(Object.freeze(slice))
  } catch (error) {
    throw nodeError(
      'WAYSTONE_NODE_GUARD_ERROR',
      `guard "${name}" threw: ${describeThrown(error)}; a guard returns true or false`,
      { details: { guard: name }, cause: error },
    )
  }
  if (typeof result !== 'boolean') {
    const found = result instanceof Promise ? 'a promise' : typeof result
    // Nobody waits for it: without this its rejection would end the process.
    if (result instanceof Promise) result.catch(() => undefined)
    throw nodeError(
      'WAYSTONE_NODE_GUARD_ERROR',
      `guard "${name}" returned ${found}; a guard returns true or false, and not later`,
      { details: { guard: name } },
    )
  }
  return { guard: name, result, read }
}

function isSmall(value: Json): boolean {
  if (typeof value === 'string') return value.length <= longestReading
  return typeof value !== 'object' || value === null
}
