import type { JsonObject } from '../base/json.ts'
import { nodeKeys, readCommon, readOutcomes } from './build-base.ts'
import type { BuiltNode, NodeSite } from './build-scope.ts'
import { deciderKeys, readDeciders } from './build-deciders.ts'
import { noRetry } from './build-retry.ts'
import type { ApprovalRecord, DecidersRecord } from './graph.ts'
import { listOfNames } from './issues.ts'
import {
  checkKeys,
  readDuration,
  readFlag,
  readNames,
  readObject,
  readStateKeys,
  readText,
  refuseValue,
  within,
  type Written,
} from './read-config.ts'
import { readStateObject, type StateObject } from './read-state-object.ts'
import { jsonSchemaOf } from './zod-json.ts'

/** Reads an approval. */
export function buildApproval(site: NodeSite): BuiltNode {
  const { written, scope, id, definition } = site
  checkKeys(written, [
    ...nodeKeys,
    'show',
    'role',
    'reason',
    'edits',
    'outcomes',
    'expiresIn',
    'canAskBack',
    'response',
    'talk',
    ...deciderKeys,
  ])
  if (written.config['show'] === undefined) refuseValue(written, 'show', 'a list of state keys')
  const show = readStateKeys(written, 'show', scope.stateKeys)
  const edits = readEdits(written, show)
  const expiresInMs = readDuration(written, 'expiresIn')
  const canAskBack = readFlag(written, 'canAskBack')
  const response = readResponse(site)
  const outcomes = [...(readOutcomes(written) ?? ['approved', 'rejected'])]
  for (const [outcome, isOffered] of [
    ['edited', edits.length > 0],
    ['expired', expiresInMs !== null],
    ['asked', canAskBack],
  ] as const) {
    if (isOffered && !outcomes.includes(outcome)) outcomes.push(outcome)
  }
  const responseSchema = response === undefined ? null : (jsonSchemaOf(response.schema, 'input') ?? {})
  const talk = readTalk(written, { show, outcome: outcomes[0] ?? '', responseSchema })
  const deciders = readQuorumOnly(written)
  const writes = [...new Set([...edits, ...(response?.keys ?? [])])]
  return {
    record: {
      id,
      reads: show,
      writes,
      outcomes,
      effect: 'pure',
      retry: noRetry,
      timeoutMs: null,
      ...readCommon(written),
      kind: 'approval',
      show,
      edits,
      role: written.config['role'] === undefined ? null : readText(written, 'role'),
      reason: readText(written, 'reason', ''),
      expiresInMs,
      canAskBack,
      responseSchema,
      ...(talk !== undefined && { talk }),
      ...deciders,
      ...(definition.isAboutCall === true && { isAboutCall: true }),
    },
    functions: { kind: 'approval', response: response?.schema ?? null },
  }
}

/** Who decides; several persons only approve, reject or ask. */
function readQuorumOnly(written: Written): DecidersRecord {
  const deciders = readDeciders(written)
  for (const key of deciders.quorum === undefined ? [] : ['edits', 'response', 'outcomes', 'talk'])
    if (written.config[key] !== undefined) refuseValue(written, key, 'nothing: a quorum only approves, rejects or asks')
  return deciders
}

function readEdits(written: Written, show: readonly string[]): readonly string[] {
  return readNames(written, 'edits').filter((key) => {
    if (show.includes(key)) return true
    written.issues.add('WAYSTONE_DEFINITION_UNKNOWN_STATE_KEY', within(written.place, 'edits'), {
      message: `${written.subject}: edits names ${JSON.stringify(key)}, which is not shown`,
      hint: `Shown are: ${listOfNames(show)}. A person can only edit what they see.`,
    })
    return false
  })
}

interface TalkSite {
  readonly show: readonly string[]
  /** What goes with whatever the person says. */
  readonly outcome: string
  readonly responseSchema: JsonObject | null
}

/** Reads how a person talks; a typed text must be a whole answer. */
function readTalk(written: Written, { show, outcome, responseSchema }: TalkSite): ApprovalRecord['talk'] {
  const config = readObject(written, 'talk')
  if (config === undefined) return undefined
  const inside: Written = {
    ...written,
    config,
    place: within(written.place, 'talk'),
    subject: `talk of ${written.subject}`,
  }
  checkKeys(inside, ['says', 'answer'])
  const says = readText(inside, 'says')
  const answer = readText(inside, 'answer')
  if (!show.includes(says)) refuseValue(inside, 'says', `one of the keys shown, which are ${listOfNames(show)}`)
  const { properties = {}, required = [] } = (responseSchema ?? {}) as {
    readonly properties?: { readonly [key: string]: { readonly type?: string } }
    readonly required?: readonly string[]
  }
  const isWhole = properties[answer]?.type === 'string' && required.every((key) => key === answer)
  if (!isWhole) refuseValue(inside, 'answer', 'the one key of response that must be given, and text')
  return { says, answer, outcome }
}

function readResponse({ written, scope: { stateKeys } }: NodeSite): StateObject | undefined {
  if (written.config['response'] === undefined) return undefined
  const value = 'Ask for strings, numbers, booleans, lists and objects of these.'
  const keys = 'An answer is written to state; state keys are'
  return readStateObject(written, 'response', { stateKeys, hints: { value, keys } })
}
