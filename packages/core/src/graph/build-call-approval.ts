import type { CallApprovalRecord } from './graph.ts'
import {
  checkKeys,
  isRecord,
  readDuration,
  readFlag,
  readFunction,
  readText,
  refuseValue,
  within,
  type AuthorFunction,
  type Written,
} from './read-config.ts'

/** A rule about asking before calls, and its function when it looks at the arguments. */
export interface BuiltCallApproval {
  readonly record: CallApprovalRecord
  readonly asks: AuthorFunction | null
}

const keys = ['when', 'role', 'reason', 'expiresIn', 'canEdit', 'canAskBack'] as const

/** Reads option `approval`; null when nobody is asked. */
export function readCallApproval(written: Written): BuiltCallApproval | null {
  const value = written.config['approval']
  if (value === undefined || value === false) return null
  if (value === true) return { record: recordOf(asked(written, {}), 'always'), asks: null }
  if (!isRecord(value)) {
    refuseValue(written, 'approval', 'true, false or an object')
    return null
  }
  const rule = asked(written, value)
  checkKeys(rule, keys)
  const asks = readFunction(rule, 'when')
  return { record: recordOf(rule, asks === null ? 'always' : 'arguments'), asks }
}

function asked(written: Written, config: Written['config']): Written {
  return { ...written, config, place: within(written.place, 'approval'), subject: `approval of ${written.subject}` }
}

function recordOf(rule: Written, when: CallApprovalRecord['when']): CallApprovalRecord {
  const mayBe = (key: 'canEdit' | 'canAskBack'): boolean => rule.config[key] === undefined || readFlag(rule, key)
  return {
    when,
    role: rule.config['role'] === undefined ? null : readText(rule, 'role'),
    reason: readText(rule, 'reason', ''),
    expiresInMs: readDuration(rule, 'expiresIn'),
    canEdit: mayBe('canEdit'),
    canAskBack: mayBe('canAskBack'),
  }
}
