import { takeJson, type Json, type JsonObject } from '../base/json.ts'
import { own } from '../base/own.ts'
import { asksBeforeCall } from '../compile/call-question.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import { voiceOf } from '../compile/deciders.ts'
import { offeredOutcomes, requestDigest } from '../compile/request-digest.ts'
import { pathAt, placeOfStep, rootPlace } from '../compile/place.ts'
import { askedCallOf, rememberRefusal } from '../compile/sticky-rules.ts'
import type { ApprovalRecord, NodeRecord } from '../graph/graph.ts'
import { InputError, inputError } from '../errors/input-error.ts'
import { groupAt } from '../graph/group-at.ts'
import { argumentsOfCall } from '../snapshot/agent-calls.ts'
import type { EngineEvent, PersonDecision } from '../snapshot/event.ts'
import type { OpenStep, RunContext } from '../snapshot/snapshot.ts'
import { toolFunctions } from './execute-tool.ts'
import { badDecision, parseKeys, parseResult } from './happened-result.ts'
import { issueLines } from './issues.ts'
import { checkOptions, knownOptions } from './known-options.ts'
import { openStepOf, type FoundStep } from './open-step.ts'
import { parseRemember } from './parse-remember.ts'
import type { Acceptance, DecisionInput, Request } from './runtime.ts'

const decisionOptions = knownOptions<DecisionInput>('a decision was given', 'WAYSTONE_INPUT_DECISION', {
  outcome: true,
  reason: true,
  edits: true,
  arguments: true,
  response: true,
  result: true,
  by: true,
  for: true,
  through: true,
  remember: true,
})

/** The run a decision is for, as it stands. */
export interface Deciding {
  readonly runId: string
  readonly compiled: CompiledWorkflow
  readonly context: RunContext
}

/** What makes the event. */
export interface EventStamp {
  readonly id: string
  /** Ms since the epoch. */
  readonly at: number
}

/** An event, or why there is none. */
export type DecisionEvent =
  | { readonly type: 'event'; readonly event: EngineEvent }
  | Extract<Acceptance, { type: 'refused' }>

/** The step that a request, or its id, names; undefined when it is none of this run. */
export function stepOfRequest(runId: string, request: Request | string): number | undefined {
  const id = typeof request === 'string' ? request : request.id
  const text = id.startsWith(`${runId}/`) ? id.slice(runId.length + 1) : id
  return /^\d+$/.test(text) ? Number(text) : undefined
}

/**
 * Turns a person's answer into an event, everything in it parsed.
 *
 * Stale, second and misplaced answers are refused with a reason; a malformed one is thrown.
 *
 * @throws {InputError} WAYSTONE_INPUT_DECISION naming what does not fit
 */
export function decisionEvent(
  run: Deciding,
  request: Request | string,
  given: { readonly decision: DecisionInput; readonly stamp: EventStamp },
): DecisionEvent {
  const { runId } = run
  const { decision, stamp } = given
  checkOptions(decisionOptions, decision)
  const found = openRequestOf(run, request)
  if ('type' in found) return found
  const { step, offered } = found
  if (!offered.includes(decision.outcome)) {
    return refused(
      'outcome-not-offered',
      `request ${runId}/${step} was answered ${JSON.stringify(decision.outcome)}; it offers: ${offered.join(', ')}`,
    )
  }
  const digest = requestDigest(found.compiled, found.context, step) ?? ''
  if (typeof request !== 'string' && request.digest !== digest) {
    return refused(
      'digest-mismatch',
      `what request ${request.id} asks has changed since it was shown; look at it again and decide anew`,
    )
  }
  const payload: PersonDecision = {
    step,
    outcome: decision.outcome,
    digest,
    reason: parseReason(decision),
    by: requireText('by', decision.by),
    ...(decision.for !== undefined && { for: requireText('for', decision.for) }),
    through: decision.through ?? 'api',
    ...parseRest({ ...run, ...found }, decision),
    ...parseRemember(decision.remember, stamp.at),
  }
  const forgotten = rememberProblem(run, payload)
  if (forgotten !== undefined) return refused('not-remembered', forgotten)
  const voice = voiceOf(found.compiled, found.context, { step: found.open, decision: payload, at: stamp.at })
  if (voice.type === 'refused') return refused(voice.reason, voice.message)
  const taken = takeJson(payload, 'decision') as unknown as PersonDecision
  return { type: 'event', event: Object.freeze({ ...stamp, type: 'request.decided', from: 'person', payload: taken }) }
}

/** A request that is open. */
export interface OpenRequest extends FoundStep {
  readonly step: number
  readonly offered: readonly string[]
}

/** The open request that is meant; refused when there is none. */
export function openRequestOf(
  { runId, compiled, context }: Deciding,
  request: Request | string,
): OpenRequest | Extract<Acceptance, { type: 'refused' }> {
  const step = stepOfRequest(runId, request)
  const { ending, steps } = context
  if (ending !== null) return refused('run-ended', `the run has ended ${ending.status}; nothing is asked any more`)
  if (step === undefined || step >= steps)
    return refused('stale-request', `run ${runId} has no request ${typeof request === 'string' ? request : request.id}`)
  const found = openStepOf(compiled, context, step)
  const offered = found === undefined ? [] : offeredOutcomes(found.compiled, found.context, step)
  if (found !== undefined && offered.length > 0) return { ...found, step, offered }
  return refused('already-decided', `request ${runId}/${step} is not open any more`)
}

/** Why a decision may not be remembered. */
function rememberProblem({ compiled, context }: Deciding, decision: PersonDecision): string | undefined {
  if (decision.remember === undefined) return undefined
  const place = placeOfStep(rootPlace(compiled, { value: '', context }), decision.step)
  const step = place?.snapshot.context.open[decision.step]
  if (place !== undefined && step !== undefined && decision.remember.scope === 'workflow') {
    const group = groupAt(compiled.graph, pathAt(place, step.node), 'store')
    // It would outlive the run, in a store that is not the group's.
    if (group !== undefined)
      return `it is about group ${group}, which has a store of its own: such a decision is remembered in its run, not in the workflow`
  }
  const asked = place === undefined || step === undefined ? undefined : askedCallOf(place, step)
  const wanted = decision.remember.arguments
  if (place !== undefined && asked !== undefined && wanted !== undefined && wanted !== null)
    refuseUnknownArguments(place.compiled, asked.tool, wanted)
  return rememberRefusal(asked, decision)
}

interface Open extends Deciding {
  readonly record: NodeRecord
  readonly open: OpenStep
}

function refused(reason: string, message: string): Extract<Acceptance, { type: 'refused' }> {
  return { type: 'refused', reason, message }
}

const outcomesWithReason = new Set(['rejected', 'asked'])

function parseReason({ outcome, reason = '' }: DecisionInput): string {
  if (typeof reason !== 'string') throw badDecision('"reason" is no text')
  if (reason.trim() === '' && outcomesWithReason.has(outcome))
    throw badDecision(`outcome ${JSON.stringify(outcome)} needs a reason: it is told to whoever hears the verdict`)
  return reason
}

function requireText(name: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value
  throw badDecision(`${JSON.stringify(name)} is missing: every decision says who made it`)
}

type Rest = Pick<PersonDecision, 'patch' | 'arguments' | 'result' | 'isWanted'>

function parseRest(open: Open, decision: DecisionInput): Rest {
  if (asksBeforeCall(open.open)) return parseArguments(open, decision)
  if (decision.arguments !== undefined)
    throw badDecision('arguments were given; only a tool call of an agent that is asked about has any')
  return open.open.kind === 'resolve' ? parseResult(open, decision) : parseAnswer(open, decision)
}

/** The arguments of a call as a person wants them: they must fit the tool's input, as those of the model had to (H5). */
function parseArguments({ compiled, context, open }: Open, decision: DecisionInput): Pick<PersonDecision, 'arguments'> {
  const { outcome, edits, arguments: whole, response, result } = decision
  const { tool = '', callId = '' } = open
  if (response !== undefined || result !== undefined)
    throw badDecision('a response or result was given; a call that has not run takes neither')
  const isGiven = edits !== undefined || whole !== undefined
  if (outcome !== 'edited') {
    if (!isGiven) return {}
    throw badDecision(`edits were given with outcome ${JSON.stringify(outcome)}; only "edited" takes them`)
  }
  if (edits !== undefined && whole !== undefined) throw badDecision('give `edits` or `arguments`, not both')
  if (!isGiven) throw badDecision('outcome "edited" needs `edits`: the arguments as they shall be')
  const asked = argumentsOfCall(own(context.private, open.node), callId)?.arguments ?? null
  const next = takeJson(whole === undefined ? withEdits(asked, edits) : whole, 'arguments of a decision')
  refuseUnknownArguments(compiled, tool, next)
  const parsed = toolFunctions(compiled, tool).input.safeParse(next)
  if (!parsed.success)
    throw badDecision(`the arguments do not fit the input of tool ${tool}: ${issueLines(parsed.error).join('; ')}`)
  return { arguments: next }
}

/** A mistyped name would be dropped by the schema, and the call would run with what the person meant to change. */
function refuseUnknownArguments({ graph }: CompiledWorkflow, tool: string, given: Json): void {
  const { properties, additionalProperties } = own(graph.tools, tool)?.inputSchema ?? {}
  if (typeof properties !== 'object' || properties === null || typeof given !== 'object' || given === null) return
  if (additionalProperties !== undefined && additionalProperties !== false) return
  const unknown = Object.keys(given).filter((key) => !Object.hasOwn(properties, key))
  if (unknown.length > 0)
    throw badDecision(
      `tool ${tool} has no argument ${unknown.join(', ')}; it has: ${Object.keys(properties).join(', ')}`,
    )
}

function withEdits(asked: Json, edits: unknown): Json {
  const isObject = typeof asked === 'object' && asked !== null && !Array.isArray(asked)
  if (typeof edits !== 'object' || edits === null || Array.isArray(edits))
    throw badDecision('`edits` is no object; it holds the arguments that change')
  if (!isObject) throw badDecision('the call has no named arguments; give all of them as `arguments`')
  refuseNothing(edits)
  // Checked as JSON with the rest of the decision.
  return { ...(asked as JsonObject), ...(edits as JsonObject) }
}

function parseAnswer(open: Open, decision: DecisionInput): { readonly patch?: JsonObject } {
  const { record } = open
  if (record.kind !== 'approval') return {}
  const patch = { ...parseEdits(open, record, decision), ...parseResponse(open, record, decision) }
  return Object.keys(patch).length === 0 ? {} : { patch: takeJson(patch, 'patch of a decision') as JsonObject }
}

function parseEdits(open: Open, record: ApprovalRecord, { outcome, edits }: DecisionInput): JsonObject {
  const isEdited = outcome === 'edited'
  if (edits === undefined) {
    if (isEdited) throw badDecision('outcome "edited" needs `edits`: the keys as they shall be')
    return {}
  }
  if (!isEdited) throw badDecision(`edits were given with outcome ${JSON.stringify(outcome)}; only "edited" takes them`)
  refuseNothing(edits)
  const foreign = Object.keys(edits).filter((key) => !record.edits.includes(key))
  if (foreign.length > 0)
    throw badDecision(
      record.isAboutCall === true
        ? `edits hold ${foreign.join(', ')}; ${wholeInput(open, record)}`
        : `edits hold ${foreign.join(', ')}; may be edited: ${record.edits.join(', ')}`,
    )
  if (record.isAboutCall !== true) return parseKeys(open, edits)
  try {
    return parseKeys(open, edits)
  } catch (thrown) {
    if (!InputError.isInstance(thrown)) throw thrown
    throw inputError('WAYSTONE_INPUT_DECISION', `${thrown.message}; ${wholeInput(open, record)}`, {}, thrown)
  }
}

/** What an edit of a call that an item makes has to be: it replaces the input, and is not laid over it. */
function wholeInput({ context }: Open, { edits }: ApprovalRecord): string {
  const now = Object.fromEntries(edits.map((key) => [key, own(context.state, key) ?? null]))
  return `an edit gives the whole input of the call anew; now it is ${JSON.stringify(now)}`
}

/** Who edits nothing has approved it. */
function refuseNothing(edits: object): void {
  if (Object.keys(edits).length === 0)
    throw badDecision('`edits` hold nothing; give what shall change, or another outcome')
}

function parseResponse(open: Open, record: ApprovalRecord, { outcome, response }: DecisionInput): JsonObject {
  const functions = open.compiled.registry.nodes.get(record.id)
  const schema = functions?.kind === 'approval' ? functions.response : null
  if (schema === null) {
    if (response !== undefined) throw badDecision('a response was given; the request asks for none')
    return {}
  }
  // In a talk the response is what is said; every other outcome says nothing.
  const needsNone = outcomesWithReason.has(outcome) || (record.talk !== undefined && outcome !== record.talk.outcome)
  if (response === undefined && needsNone) return {}
  const parsed = schema.safeParse(response === undefined ? {} : takeJson(response, 'response of a decision'))
  if (!parsed.success) throw badDecision(`the response does not fit: ${issueLines(parsed.error).join('; ')}`)
  const value = takeJson(parsed.data, 'response of a decision')
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? parseKeys(open, value) : {}
}
