import { deciderKeys, readDeciders } from './build-deciders.ts'
import {
  checkKeys,
  isRecord,
  readDuration,
  readFlag,
  readFunction,
  readText,
  refuseValue,
  within,
  type Written,
} from './read-config.ts'

/** How a person is asked about the items of a map. */
export interface ItemApproval {
  /** Options of an approval. */
  readonly terms: Readonly<Record<string, unknown>>
  readonly canEdit: boolean
  /** Null: every item is asked about. */
  readonly when: ((input: unknown) => unknown) | null
}

const termKeys = ['role', 'reason', 'expiresIn', ...deciderKeys] as const

/**
 * Reads option `approval` of a map.
 *
 * @param ofTool - what the tool says of its calls: `true` means as it says
 * @returns undefined: it was refused
 */
export function readItemApproval(written: Written, ofTool: unknown): ItemApproval | undefined {
  const { approval } = written.config
  if (approval === true)
    return isRecord(ofTool)
      ? approvalOf(ofTool, readFunction({ ...written, config: ofTool }, 'when'))
      : approvalOf({}, null)
  if (!isRecord(approval)) {
    refuseValue(written, 'approval', 'true, false or an object')
    return undefined
  }
  let isSound = true
  const issues: Written['issues'] = {
    ...written.issues,
    add: (...issue) => {
      isSound = false
      written.issues.add(...issue)
    },
  }
  const rule: Written = {
    ...written,
    issues,
    config: approval,
    place: within(written.place, 'approval'),
    subject: `approval of ${written.subject}`,
  }
  checkKeys(rule, ['when', 'canEdit', ...termKeys])
  if (approval['role'] !== undefined) readText(rule, 'role')
  readText(rule, 'reason', '')
  readDuration(rule, 'expiresIn')
  const { quorum } = readDeciders(rule)
  const canEdit = approval['canEdit'] === undefined || readFlag(rule, 'canEdit')
  if (quorum !== undefined && approval['canEdit'] === true)
    refuseValue(rule, 'canEdit', 'false or nothing: a quorum only approves or rejects')
  const when = readFunction(rule, 'when')
  return isSound ? { ...approvalOf(approval, when), canEdit: canEdit && quorum === undefined } : undefined
}

function approvalOf(config: Readonly<Record<string, unknown>>, when: ItemApproval['when']): ItemApproval {
  const given = termKeys.filter((key) => config[key] !== undefined)
  return {
    terms: Object.fromEntries(given.map((key) => [key, config[key]])),
    canEdit: config['canEdit'] !== false && config['quorum'] === undefined,
    when,
  }
}
