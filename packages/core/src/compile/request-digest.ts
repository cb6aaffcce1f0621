import { canonicalJson, type Json, type JsonObject } from '../base/json.ts'
import { sha256 } from '../base/hash.ts'
import { own } from '../base/own.ts'
import type { NodeRecord } from '../graph/graph.ts'
import { callApprovalOf } from '../graph/tool-use.ts'
import { argumentsOfCall } from '../snapshot/agent-calls.ts'
import type { OpenStep, RunContext } from '../snapshot/snapshot.ts'
import { asksBeforeCall, isBeforeCall } from './call-question.ts'
import type { CompiledWorkflow } from './compiled-workflow.ts'
import { stateFor } from './seen-state.ts'
import { pick } from './steps.ts'
import { recordOfStep } from './undo-ledger.ts'

const builtInOutcomes: ReadonlySet<string> = new Set(['done', 'failed', 'timeout', 'unknown'])

/**
 * Outcomes that a person may answer an open step with; empty when nobody is asked. `expired` is the clock's.
 *
 * For an unknown outcome: `happened` (for a node with outcomes of its own: which of them), `did-not-happen`, `failed`.
 */
export function offeredOutcomes(compiled: CompiledWorkflow, context: RunContext, stepIndex: number): readonly string[] {
  const step = context.open[stepIndex]
  const record = step === undefined ? undefined : recordOfStep(compiled.graph, step)
  if (step === undefined || record === undefined) return []
  if (asksBeforeCall(step)) {
    const rule = callApprovalOf(compiled.graph, record, step.tool ?? '')
    return [
      'approved',
      ...(rule?.canEdit === true ? ['edited'] : []),
      'rejected',
      ...(rule?.canAskBack === true ? ['asked'] : []),
    ]
  }
  if (isBeforeCall(step)) return []
  if (step.kind === 'approval') return record.outcomes.filter((outcome) => outcome !== 'expired')
  if (step.kind !== 'resolve') return []
  const isPlain = step.unknown === 'call' || record.outcomes.includes('done')
  const happened = isPlain ? ['happened'] : record.outcomes.filter((outcome) => !builtInOutcomes.has(outcome))
  return [...happened, 'did-not-happen', 'failed']
}

/**
 * Binds a decision to what was asked: node, step, attempt, the values shown, the verdicts heard, the options, what the tools are given
 * that an answer leads to, of a call its tool and exact arguments, and of an item of a map its place and value.
 * A decision made on anything else has another digest.
 *
 * @returns base64url SHA-256; undefined when the step is not open for a person
 */
export function requestDigest(compiled: CompiledWorkflow, context: RunContext, stepIndex: number): string | undefined {
  const step = context.open[stepIndex]
  const record = step === undefined ? undefined : recordOfStep(compiled.graph, step)
  if (step === undefined || record === undefined || (step.kind !== 'approval' && step.kind !== 'resolve'))
    return undefined
  if (isBeforeCall(step) && !asksBeforeCall(step)) return undefined
  const shown = step.undoes === undefined ? pick(stateFor(record, context), record.reads) : {}
  const heard = step.undoes === undefined ? pick(context.verdicts, record.hears) : {}
  const options = [...offeredOutcomes(compiled, context, stepIndex)]
  const asked: Json = {
    node: record.id,
    step: stepIndex,
    visit: step.visit,
    attempt: step.attempt,
    kind: step.kind,
    shown,
    ...(Object.keys(heard).length > 0 && { heard: heard as unknown as JsonObject }),
    options,
    ...(step.kind === 'approval' && givenToTools(compiled, context, { record, options })),
    ...answeredOf(step),
    ...(step.callId !== undefined && callAsked(context, step)),
    ...(step.item !== undefined && itemAsked(context, step)),
    ...(step.undoes !== undefined && { undoes: step.undoes.step }),
  }
  return sha256(canonicalJson(asked))
}

/**
 * What the tools are given that an answer leads to, as far as the request does not show it by itself: their exact input is made of it. Not of
 * tools in a group that the request is outside of, since a digest stands where all can see it.
 */
function givenToTools(
  { graph }: CompiledWorkflow,
  context: RunContext,
  { record, options }: { readonly record: NodeRecord; readonly options: readonly string[] },
): JsonObject {
  const given: { [node: string]: JsonObject } = {}
  for (const { from, to, outcome } of graph.edges) {
    const target = from === record.id && options.includes(outcome) ? own(graph.nodes, to) : undefined
    if (target?.kind !== 'tool' || (target.group ?? record.group) !== record.group) continue
    const [seen, shown] = [stateFor(target, context), stateFor(record, context)]
    const reads = target.reads.filter((key) => seen !== shown || !record.reads.includes(key))
    const hears = target.hears.filter((node) => node !== record.id && !record.hears.includes(node))
    const heard = pick(context.verdicts, hears) as unknown as JsonObject
    const input = { ...(reads.length > 0 && { state: pick(seen, reads) }), ...(hears.length > 0 && { heard }) }
    if (reads.length + hears.length > 0) given[to] = input
  }
  return Object.keys(given).length === 0 ? {} : { given }
}

/** What was answered is shown; a question that nobody has answered says nothing yet. */
function answeredOf({ questions = [] }: OpenStep): JsonObject {
  const answered = questions.flatMap(({ text, answer }) => (answer === null ? [] : [{ text, answer: answer.text }]))
  return answered.length === 0 ? {} : { answered }
}

function itemAsked({ maps }: RunContext, { node, item = 0, tool }: OpenStep): JsonObject {
  return { tool: tool ?? null, item, value: own(maps ?? {}, node)?.items[item] ?? null }
}

function callAsked(context: RunContext, { node, tool = '', callId = '' }: OpenStep): JsonObject {
  return { tool, callId, arguments: argumentsOfCall(own(context.private, node), callId)?.arguments ?? null }
}
