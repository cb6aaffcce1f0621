import { failedBranches, losingBranches } from '../define/join.ts'
import { readCommon } from './build-base.ts'
import { noRetry } from './build-retry.ts'
import type { BuiltNode, NodeSite } from './build-scope.ts'
import {
  checkKeys,
  isRecord,
  readChoice,
  readCount,
  readDuration,
  refuseValue,
  within,
  type Written,
} from './read-config.ts'

/** Reads a join. */
export function buildJoin({ id, written }: NodeSite): BuiltNode {
  checkKeys(written, ['wait', 'failed', 'losers', 'deadline', 'description'])
  const failed = readChoice(written, 'failed', failedBranches) ?? 'raise'
  const deadlineMs = readDuration(written, 'deadline')
  const outcomes = ['done']
  if (deadlineMs !== null) outcomes.push('deadline')
  if (failed === 'drop') outcomes.push('unsatisfied')
  if (failed === 'raise') outcomes.push('failed')
  return {
    record: {
      id,
      reads: [],
      writes: [],
      outcomes,
      effect: 'pure',
      retry: noRetry,
      timeoutMs: null,
      ...readCommon(written),
      kind: 'join',
      atLeast: readWait(written),
      failed,
      losers: readChoice(written, 'losers', losingBranches) ?? 'abort',
      deadlineMs,
    },
    functions: { kind: 'join' },
  }
}

function readWait(written: Written): number | null {
  const { wait } = written.config
  if (wait === undefined || wait === 'all') return null
  if (wait === 'any') return 1
  if (!isRecord(wait)) {
    refuseValue(written, 'wait', "'all', 'any' or { atLeast: number }")
    return null
  }
  const counted: Written = { ...written, config: wait, place: within(written.place, 'wait') }
  checkKeys(counted, ['atLeast'])
  if (wait['atLeast'] === undefined) refuseValue(counted, 'atLeast', 'a whole number, 1 or more')
  return readCount(counted, 'atLeast', { least: 1, fallback: 1 })
}
