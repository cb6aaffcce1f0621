import type { Place } from '../errors/definition-error.ts'
import { deciderKeys, readDeciders } from './build-deciders.ts'
import type { CallApprovalRecord, GuardExpression } from './graph.ts'
import {
  checkKeys,
  isRecord,
  readChoice,
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

const keys = ['when', 'role', 'reason', 'expiresIn', 'canEdit', 'canAskBack', 'remember', ...deciderKeys] as const

/** Reads option `approval` of a tool; null when nobody is asked. */
export function readCallApproval(written: Written): BuiltCallApproval | null {
  const rule = readRule(written)
  if (rule === null) return null
  const asks = readFunction(rule, 'when')
  return { record: recordOf(rule, asks === null ? 'always' : 'arguments'), asks }
}

/**
 * Reads option `approval` of an agent's rule for a tool.
 *
 * @param readGuard - reads its condition; null: there may be none, since the agent has no state
 * @returns undefined when it says nothing; null when nobody is asked
 */
export function readNodeApproval(
  written: Written,
  readGuard: ((when: unknown, place: Place) => GuardExpression | null) | null,
): CallApprovalRecord | null | undefined {
  if (written.config['approval'] === undefined) return undefined
  const rule = readRule(written)
  if (rule === null) return null
  const { when } = rule.config
  if (when === undefined) return recordOf(rule, 'always')
  if (readGuard === null) {
    refuseValue(rule, 'when', 'nothing: an agent that is defined apart has no state')
    return recordOf(rule, 'always')
  }
  return recordOf(rule, readGuard(when, within(rule.place, 'when')) ?? 'always')
}

function readRule(written: Written): Written | null {
  const value = written.config['approval']
  if (value === undefined || value === false) return null
  const config = value === true ? {} : value
  if (!isRecord(config)) {
    refuseValue(written, 'approval', 'true, false or an object')
    return null
  }
  const rule = asked(written, config)
  checkKeys(rule, keys)
  return rule
}

function asked(written: Written, config: Written['config']): Written {
  return { ...written, config, place: within(written.place, 'approval'), subject: `approval of ${written.subject}` }
}

function recordOf(rule: Written, when: CallApprovalRecord['when']): CallApprovalRecord {
  const mayBe = (key: 'canEdit' | 'canAskBack'): boolean => rule.config[key] === undefined || readFlag(rule, key)
  const deciders = readDeciders(rule)
  if (deciders.quorum !== undefined && rule.config['canEdit'] === true)
    refuseValue(rule, 'canEdit', 'false or nothing: a quorum only approves, rejects or asks')
  const remember = readChoice(rule, 'remember', ['never', 'run', 'workflow'])
  if (deciders.quorum !== undefined && remember !== undefined && remember !== 'never')
    refuseValue(rule, 'remember', 'never or nothing: what several must say is not remembered')
  return {
    when,
    role: rule.config['role'] === undefined ? null : readText(rule, 'role'),
    reason: readText(rule, 'reason', ''),
    expiresInMs: readDuration(rule, 'expiresIn'),
    canEdit: deciders.quorum === undefined && mayBe('canEdit'),
    canAskBack: mayBe('canAskBack'),
    ...(remember !== undefined && remember !== 'run' && { remember }),
    ...deciders,
  }
}
