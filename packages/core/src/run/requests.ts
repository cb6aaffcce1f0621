import { effectIdOf, type RunId } from '../base/ids.ts'
import { formatStep } from '../base/step-address.ts'
import { toJson, type Json, type JsonObject } from '../base/json.ts'
import { own } from '../base/own.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import { asksBeforeCall } from '../compile/call-question.ts'
import { chainOf } from '../compile/handoff-ledger.ts'
import { decidersOfStep, lostVotesOf, roleOf, votesOf } from '../compile/deciders.ts'
import { placeOfStep, rootPlace } from '../compile/place.ts'
import { askedCallOf } from '../compile/sticky-rules.ts'
import { offeredOutcomes, requestDigest } from '../compile/request-digest.ts'
import { callApprovalOf } from '../graph/tool-use.ts'
import type { ApprovalRecord, CallApprovalRecord, DecidersRecord, MapRecord, NodeRecord } from '../graph/graph.ts'
import { argumentsOfCall, callsOfTurn, messageOfCall } from '../snapshot/agent-calls.ts'
import { isAsking, type OpenStep, type RunContext, type Vote } from '../snapshot/snapshot.ts'
import { openIn } from '../snapshot/tree.ts'
import type { UndoEntry } from '../snapshot/undo.ts'
import { undoneEffectId } from './execute-compensation.ts'
import { nodeInputOf } from './effect-job.ts'
import { askedResult } from './happened-result.ts'
import { openStepOf, type FoundStep } from './open-step.ts'
import type { Request, RequestOption, RequestVote } from './runtime.ts'

/** Where requests are read from. */
export interface RequestSource {
  readonly runId: RunId
  readonly compiled: CompiledWorkflow
  readonly context: RunContext
  /** The sequence that opened a step. */
  readonly openedAt: (step: number) => number
}

/** What is open for people. Built from snapshot and graph alone. Order: by step. */
export function requestsOf(source: RequestSource): readonly Request[] {
  const asked = Object.entries(openIn(source.context)).filter(([, open]) => isAsking(open))
  return asked.flatMap(([index]) => {
    const step = Number(index)
    const found = openStepOf(source.compiled, source.context, step)
    const digest = found === undefined ? undefined : requestDigest(found.compiled, found.context, step)
    return found === undefined || digest === undefined ? [] : [requestOf(source, { ...found, step, digest })]
  })
}

interface Asked extends FoundStep {
  readonly step: number
  readonly digest: string
}

function requestOf(
  { runId, openedAt, ...root }: RequestSource,
  { compiled, context, step, open, record, path, items: around, digest }: Asked,
): Request {
  const approval = record.kind === 'approval' ? record : undefined
  const isCall = asksBeforeCall(open)
  const rule = isCall ? callApprovalOf(compiled.graph, record, open.tool ?? '') : null
  const input = nodeInputOf(record, context)
  const items = open.item === undefined ? around : [...around, open.item]
  const deciders = decidersOfStep(compiled, open)
  const options = offeredOutcomes(compiled, context, step).map((outcome) =>
    optionOf(compiled, { open, record, outcome }),
  )
  const request: Request = {
    id: effectIdOf(runId, step),
    runId,
    workflow: root.compiled.graph.name,
    node: path,
    ...(items.length > 0 && { items }),
    step,
    kind: isCall ? 'call' : approval === undefined ? 'unknown' : 'approval',
    reason: isCall ? callReason(context, rule, open) : (approval?.reason ?? unknownReason(record, open)),
    role: roleOf(deciders, open, (isCall ? rule?.role : approval?.role) ?? null),
    quorum: quorumOf(deciders, open, digest),
    delegates: deciders.delegates ?? [],
    escalatesAt: open.escalatesAt ?? null,
    action: options.flatMap((option) => actionOf({ compiled, context, open }, option)),
    evidence: open.undoes === undefined ? input.state : undoneEvidence(runId, open.undoes),
    said: isCall ? saidWith(context, open) : null,
    heard: input.heard as unknown as JsonObject,
    handoffs: chainOf(compiled.index.forks, context, record.id),
    usage: root.context.usage,
    options,
    edits: approval?.edits ?? [],
    remember: rememberedAs(root, step),
    argumentsSchema: rule?.canEdit === true ? (own(compiled.graph.tools, open.tool ?? '')?.inputSchema ?? null) : null,
    responseSchema: approval?.responseSchema ?? null,
    result: askedResult(
      { compiled, context, record, open },
      options.map(({ outcome }) => outcome),
    ),
    questions: questionsOf(context, open, path),
    talk: talkOf(approval?.talk, input.state),
    openedAt: open.since,
    expiresAt: open.expiresAt ?? null,
    expired:
      open.expiresAt === undefined || open.expiresAt === null
        ? null
        : optionOf(compiled, { open, record, outcome: 'expired' }),
    sequence: openedAt(step),
    digest,
  }
  return toJson(request, 'request') as unknown as Request
}

/** What is to be undone, as a person finds it where it was done. */
function undoneEvidence(runId: RunId, entry: UndoEntry): JsonObject {
  return { undoes: entry.node, step: entry.step, outcome: entry.outcome, effectId: undoneEffectId(runId, entry) }
}

function questionsOf(context: RunContext, open: OpenStep, path: string): Request['questions'] {
  const own = (open.questions ?? []).map(({ text, by, at, answer }, index) => ({
    number: index + 1,
    text,
    by,
    at,
    answer: answer === null ? null : { text: answer.text, by: answer.by, at: answer.at },
  }))
  return asksBeforeCall(open) ? [...askedOfModel(context, open, path), ...own] : own
}

/** What persons asked about calls of the tool that the model made before in this visit, and what it wrote next. */
function askedOfModel(context: RunContext, { node, tool }: OpenStep, path: string): Request['questions'] {
  const { entries = [] } = own(context.private, node) ?? {}
  return entries.flatMap((entry, place) => {
    if (!('type' in entry) || entry.type !== 'results') return []
    const next = entries.slice(place + 1).find((one) => 'role' in one)
    const parts = next !== undefined && 'role' in next ? next.content : []
    const said = parts.map((part) => (part.type === 'text' ? part.text : '')).join('')
    return entry.calls.flatMap(({ question, tool: called }) =>
      question === undefined || called !== tool
        ? []
        : [{ number: null, ...question, answer: said === '' ? null : { text: said, by: path, at: null } }],
    )
  })
}

const notRemembered: Request['remember'] = { approved: [], rejected: [] }

function rememberedAs(
  { compiled, context }: Omit<RequestSource, 'runId' | 'openedAt'>,
  step: number,
): Request['remember'] {
  const place = placeOfStep(rootPlace(compiled, { value: '', context }), step)
  const open = place?.snapshot.context.open[step]
  const asked = place === undefined || open === undefined ? undefined : askedCallOf(place, open)
  if (asked === undefined) return notRemembered
  return { approved: asked.needsFreshYes ? [] : asked.scopes, rejected: asked.scopes }
}

function quorumOf({ quorum }: DecidersRecord, open: OpenStep, digest: string): Request['quorum'] {
  if (quorum === undefined) return null
  const votes = votesOf(open, digest).map((vote) => shownVote(vote))
  const lost = lostVotesOf(open, digest).map((vote) => shownVote(vote))
  return { need: quorum.need, of: quorum.of, votes, ...(lost.length > 0 && { lost }) }
}

function shownVote(vote: Vote): RequestVote {
  const { digest: _, isVoid: __, ...shown } = vote
  return shown
}

/** What the author said of all such calls, and what the rule said of this one. */
function callReason(
  context: RunContext,
  rule: CallApprovalRecord | null,
  { node, tool = '', callId }: OpenStep,
): string {
  const asks = callsOfTurn(own(context.private, node)).find((call) => call.callId === callId)?.asks
  const said = [rule?.reason ?? '', asks ?? ''].filter((part) => part !== '')
  return said.length > 0 ? said.join('\n') : `Tool ${tool} runs only when a person has approved it.`
}

/** Texts that the model wrote with a call. */
function saidWith(context: RunContext, { node, callId = '' }: OpenStep): string | null {
  const content = messageOfCall(own(context.private, node), callId)?.content ?? []
  const text = content.map((part) => (part.type === 'text' ? part.text : '')).join('')
  return text === '' ? null : text
}

function talkOf(talk: ApprovalRecord['talk'], shown: JsonObject): Request['talk'] {
  if (talk === undefined) return null
  const said = own(shown, talk.says)
  const text = said === undefined || said === null ? '' : typeof said === 'string' ? said : JSON.stringify(said)
  return { text, outcome: talk.outcome, answer: talk.answer }
}

function unknownReason(record: NodeRecord, open: OpenStep): string {
  if (open.undoes !== undefined)
    return `Nobody knows whether attempt ${open.attempt} of undoing ${formatStep(open.undoes)} (step ${open.undoes.step}) happened. Find out, then say so; it is not repeated by itself.`
  const where = formatStep({ node: record.id, ...(open.item !== undefined && { item: open.item }) })
  const what = open.tool === undefined ? where : `tool ${open.tool} of ${where}`
  return `Nobody knows whether attempt ${open.attempt} of ${what} happened. Find out, then say so; it is not repeated by itself.`
}

/** For an unknown outcome the answer is the end of the step: `happened` is done, `did-not-happen` another attempt, others are the node's own. */
const meaningOfAnswer: { readonly [outcome: string]: string | null } = {
  happened: 'done',
  failed: 'failed',
  'did-not-happen': null,
}

function optionOf(
  { graph }: CompiledWorkflow,
  { open, record, outcome }: { readonly open: OpenStep; readonly record: NodeRecord; readonly outcome: string },
): RequestOption {
  const isWord = open.kind === 'resolve' && Object.hasOwn(meaningOfAnswer, outcome)
  const routed = isWord ? meaningOfAnswer[outcome] : outcome
  // Inside an agent the answer is told to the model, and the agent goes on; so does a map with its other items.
  if (
    routed === null ||
    routed === undefined ||
    open.callId !== undefined ||
    open.item !== undefined ||
    open.undoes !== undefined
  )
    return { outcome, edges: [], to: record.id }
  const edges = graph.edges
    .filter((edge) => edge.from === record.id && edge.outcome === routed)
    .toSorted((left, right) => left.index - right.index)
  return { outcome, edges: edges.map(({ id }) => id), to: edges[0]?.to ?? record.id }
}

interface ActionSource {
  readonly compiled: CompiledWorkflow
  readonly context: RunContext
  readonly open: OpenStep
}

function actionOf({ compiled, context, open }: ActionSource, { outcome, edges, to }: RequestOption): Request['action'] {
  const { graph } = compiled
  if (asksBeforeCall(open)) return callAction(context, open, outcome)
  const targets = edges.flatMap((id) => graph.edges.filter((edge) => edge.id === id).map((edge) => edge.to))
  const nodes = new Set(edges.length === 0 ? [to] : targets)
  return [...nodes].map((node) => {
    const record = graph.nodes[node]
    if (record?.kind === 'map' && node === open.node && open.item !== undefined)
      return { outcome, node, ...itemInput(compiled, context, { record, open }) }
    if (record?.kind !== 'tool')
      return open.tool === undefined || node !== open.node ? { outcome, node } : { outcome, node, tool: open.tool }
    const input = toolInput(compiled, context, record)
    return input === undefined ? { outcome, node, tool: record.tool } : { outcome, node, tool: record.tool, input }
  })
}

/** Of a call: what runs when it is approved, with exact arguments; edited ones are not known yet. */
function callAction(
  context: RunContext,
  { node, tool = '', callId = '' }: OpenStep,
  outcome: string,
): Request['action'] {
  if (outcome !== 'approved' && outcome !== 'edited') return [{ outcome, node }]
  const given = outcome === 'approved' ? argumentsOfCall(own(context.private, node), callId) : undefined
  return [{ outcome, node, tool, ...(given !== undefined && { input: given.arguments }) }]
}

/** What an item of a map runs, and with what, as the state stands. */
function itemInput(
  { registry }: CompiledWorkflow,
  context: RunContext,
  { record, open }: { readonly record: MapRecord; readonly open: OpenStep },
): { readonly tool?: string; readonly input?: Json } {
  const functions = registry.nodes.get(record.id)
  const index = open.item ?? 0
  const item = own(context.maps ?? {}, record.id)?.items[index]
  const tool = record.tool === null ? {} : { tool: record.tool }
  if (item === undefined || functions?.kind !== 'map') return tool
  try {
    const given = functions.input?.(item, Object.freeze({ ...nodeInputOf(record, context), index })) ?? item
    return { ...tool, input: toJson(given, 'input of an item') }
  } catch {
    return tool
  }
}

/** The input a tool node would be given as the state stands; undefined when its function cannot make one yet. */
function toolInput({ registry }: CompiledWorkflow, context: RunContext, record: NodeRecord): Json | undefined {
  const functions = registry.nodes.get(record.id)
  if (functions?.kind !== 'tool') return undefined
  const input = nodeInputOf(record, context)
  try {
    return toJson(functions.input === null ? input.state : functions.input(input), 'input of a tool')
  } catch {
    return undefined
  }
}
