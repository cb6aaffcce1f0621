import { own } from '../base/own.ts'
import { withIndex } from '../base/with-index.ts'
import { argumentsOfCall } from '../snapshot/agent-calls.ts'
import type { OpenStep, RunContext } from '../snapshot/snapshot.ts'
import { currentCalls, memoryOf, updateCall, withCalls, withMemory } from './agent-memory.ts'
import { callDigest, isBeforeCall } from './call-question.ts'
import type { StepEnd } from './step-end.ts'
import { withContext } from './steps.ts'
import { countCall } from './tool-rules.ts'

/**
 * The context after a person, or the clock, has answered about a call: a yes queues it, bound to its arguments; anything else is
 * told to the model, and does not count as a call.
 */
export function answeredCall(context: RunContext, stepEnd: StepEnd): RunContext {
  const { outcome, reason = '', by, arguments: given } = stepEnd.end
  if (outcome === 'approved' || outcome === 'edited') {
    const edits = outcome === 'edited' && given !== undefined ? { arguments: given } : {}
    const why = 'arguments' in edits && reason !== '' ? { editReason: reason } : {}
    return approvedCall(context, stepEnd, { ...edits, ...why })
  }
  const { record, stepIndex, step } = stepEnd
  const told = own(notRun, outcome) ?? `a person answered ${JSON.stringify(outcome)}`
  const result = `not run: ${told}${reason === '' ? '' : `: ${reason}`}`
  const done = updateCall(context, { node: record.id, stepIndex }, (call) => ({
    ...call,
    phase: 'done',
    result,
    ...(outcome !== 'asked' && { isError: true }),
    ...(outcome === 'asked' &&
      by !== undefined && { question: Object.freeze({ text: reason, by, at: stepEnd.at ?? 0 }) }),
  }))
  const memory = memoryOf(done, record.id)
  const called = countCall(record, memory.called, { tool: step.tool ?? '', what: 'begun', by: -1 })
  return called === memory.called
    ? done
    : withMemory(done, record.id, { ...memory, ...(called !== undefined && { called }) })
}

/** What a model is told of a call that did not run, by how its question ended. */
const notRun: { readonly [outcome: string]: string } = {
  rejected: 'a person rejected the call',
  asked: 'a person asks, before they decide; answer, and ask for the call again if it is still right',
  expired: 'nobody approved the call in time',
}

function approvedCall(context: RunContext, { record, stepIndex, step }: StepEnd, edits: object): RunContext {
  const node = record.id
  const next = updateCall(context, { node, stepIndex }, (call) => ({ ...call, phase: 'queued', ...edits }))
  const given = argumentsOfCall(own(next.private, node), step.callId ?? '')
  const { expiresAt: _, votes: __, escalatesAt: ___, escalated: ____, questions: _____, ...rest } = step
  const approved: OpenStep = Object.freeze({
    ...rest,
    approved: callDigest(step.tool ?? '', given?.arguments ?? null),
  })
  return withContext(next, { open: withIndex(next.open, stepIndex, approved) })
}

/** Drops what people were asked about, or had approved, in a turn that ends without it. */
export function withoutQuestions(context: RunContext, node: string): RunContext {
  const open = Object.entries(context.open).filter(([, step]) => step.node !== node || !isBeforeCall(step))
  if (open.length === Object.keys(context.open).length) return context
  const calls = currentCalls(context, node).map((call) =>
    call.phase === 'done' ? call : Object.freeze({ ...call, phase: 'done' as const, result: 'not run', isError: true }),
  )
  return withContext(withCalls(context, node, calls), { open: Object.freeze(Object.fromEntries(open)) })
}
