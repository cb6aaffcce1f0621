/**
 * The names of what goes wrong, whoever found it. What ended `failed` says its name in `failure`; an outcome of your own may be called by one.
 *
 * Shape: `timeout` · `partial-result`, less came than was asked for · `conflict`, two things that cannot both be · `missing-input` ·
 * `ambiguous-goal`, several readings of the task · `bad-output` · `routing-error`, no way on · `stall`, moving without progress ·
 * `deadlock`, waiting for what nobody can give.
 */
export const failureNames = [
  'timeout',
  'partial-result',
  'conflict',
  'missing-input',
  'ambiguous-goal',
  'bad-output',
  'routing-error',
  'stall',
  'deadlock',
] as const
/** See {@link failureNames}. */
export type FailureName = (typeof failureNames)[number]

const known: ReadonlySet<unknown> = new Set(failureNames)

/** True for one of {@link failureNames}. */
export function isFailureName(name: unknown): name is FailureName {
  return known.has(name)
}
