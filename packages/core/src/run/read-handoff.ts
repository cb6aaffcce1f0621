import { own } from '../base/own.ts'
import { takeJson, type JsonObject } from '../base/json.ts'
import type { ModelToolCall } from '../define/model.ts'
import type { AgentRecord, HandoffRecord } from '../graph/graph.ts'
import { handoffOf, handoffOfTool, handoffTool, handoffsOf } from '../graph/handoff.ts'
import type { AgentFunctions } from '../graph/registry.ts'
import type { GivenHandoff } from '../snapshot/handoff.ts'
import type { RefusedCall } from '../snapshot/refusal.ts'
import { issueLines } from './issues.ts'
import type { AskingNode } from './render-request.ts'

/** What an answer says about handing over. */
export interface ReadHandoffs {
  /** The first that can be made and fits. */
  readonly handoff?: GivenHandoff
  /** The others, by call id. */
  readonly refused: { readonly [callId: string]: RefusedCall }
}

/** Reads the calls of an answer by which an agent hands over. Calls of tools are left alone. */
export function readHandoffs(
  record: AgentRecord,
  functions: AgentFunctions,
  { calls, withheld }: { readonly calls: readonly ModelToolCall[]; readonly withheld: AskingNode['withheld'] },
): ReadHandoffs {
  const refused: { [callId: string]: RefusedCall } = {}
  let found: GivenHandoff | undefined
  for (const call of calls) {
    const name = record.tools.includes(call.name) ? undefined : handoffOfTool(call.name)
    if (name === undefined) continue
    const read = readCall(record, functions, { call, name, withheld, found })
    if ('rule' in read) Object.defineProperty(refused, call.id, { value: read, enumerable: true })
    else found = read
  }
  return found === undefined ? { refused } : { handoff: found, refused }
}

interface HandoffCall {
  readonly call: ModelToolCall
  readonly name: string
  readonly withheld: AskingNode['withheld']
  readonly found: GivenHandoff | undefined
}

function readCall(
  record: AgentRecord,
  functions: AgentFunctions,
  { call, name, withheld, found }: HandoffCall,
): GivenHandoff | RefusedCall {
  const handoff = handoffOf(record, name)
  if (handoff === undefined) {
    const offered = Object.keys(handoffsOf(record)).filter((one) => own(withheld ?? {}, handoffTool(one)) === undefined)
    const names = offered.length === 0 ? 'nobody' : offered.join(', ')
    return {
      rule: 'handoff',
      message: `there is no handoff to ${JSON.stringify(name)}; you can hand over to: ${names}`,
    }
  }
  const kept = own(withheld ?? {}, call.name)
  if (kept !== undefined) return { rule: 'handoff', message: kept.message }
  if (found !== undefined)
    return { rule: 'handoff', message: `not made: one answer hands over once, and it was to ${found.handoff}` }
  return parseHandoff(call, name, { record: handoff, contract: functions.contracts?.get(name) })
}

function parseHandoff(
  call: ModelToolCall,
  handoff: string,
  {
    record,
    contract,
  }: { readonly record: HandoffRecord; readonly contract: ReturnType<NonNullable<AgentFunctions['contracts']>['get']> },
): GivenHandoff | RefusedCall {
  const given: unknown = call.arguments
  const isObject = typeof given === 'object' && given !== null && !Array.isArray(given)
  const { reason, summary, ...rest } = (isObject ? given : {}) as JsonObject
  const parsed = contract?.safeParse(rest)
  const issues = [
    ...(isObject ? [] : ['expected an object']),
    ...(parsed === undefined || parsed.success ? [] : issueLines(parsed.error)),
    ...(isText(reason) ? [] : ['reason: expected a text that says why']),
    ...(record.slice !== 'summary' || isText(summary) ? [] : ['summary: expected a text for the receiver']),
  ]
  if (issues.length > 0 || !isText(reason)) {
    const message = `the handoff to ${handoff} was not made, what was given does not fit: ${issues.join('; ')}`
    return { rule: 'contract', message }
  }
  return {
    callId: call.id,
    handoff,
    contract: takeJson(parsed?.data ?? {}, 'contract of a handoff') as JsonObject,
    reason,
    ...(record.slice === 'summary' && isText(summary) && { summary }),
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== ''
}
