import { withIndex } from '../base/with-index.ts'
import type { DecidersRecord } from '../graph/graph.ts'
import { decidersOf } from '../graph/tool-use.ts'
import type { PersonDecision } from '../snapshot/event.ts'
import type { OpenStep, RunContext, Vote } from '../snapshot/snapshot.ts'
import type { CompiledWorkflow } from './compiled-workflow.ts'
import { nextEscalation } from './escalation.ts'
import { withContext } from './steps.ts'

/** Why somebody may not decide. */
export interface VoiceRefusal {
  readonly reason: 'not-a-delegate' | 'not-asked' | 'decided-before'
  readonly message: string
}

/** What one decision does: it is refused, it waits for others, or it ends the request. */
export type Voice =
  | ({ readonly type: 'refused' } & VoiceRefusal)
  | { readonly type: 'counted'; readonly context: RunContext }
  | { readonly type: 'decided'; readonly reasons: readonly string[] }

/** Who decides what an open step asks. */
export function decidersOfStep({ graph }: CompiledWorkflow, step: OpenStep): DecidersRecord {
  const record = graph.nodes[step.node]
  return record === undefined || step.kind !== 'approval' ? {} : decidersOf(graph, record, step.tool)
}

/** Votes that count: those given to what is asked now. Order: as given. */
export function votesOf(step: OpenStep, digest: string | undefined): readonly Vote[] {
  return (step.votes ?? []).filter((vote) => isCounted(vote, digest))
}

/** Votes that count no more: what was asked is another thing since. Order: as given. */
export function lostVotesOf(step: OpenStep, digest: string | undefined): readonly Vote[] {
  return (step.votes ?? []).filter((vote) => !isCounted(vote, digest))
}

function isCounted(vote: Vote, digest: string | undefined): boolean {
  return vote.digest === digest && vote.isVoid !== true
}

/** Counts a decision that fits what is asked. Pure. */
export function voiceOf(
  compiled: CompiledWorkflow,
  context: RunContext,
  given: { readonly step: OpenStep; readonly decision: PersonDecision; readonly at: number },
): Voice {
  const { step, decision, at } = given
  const { outcome, by, reason, digest } = decision
  const deciders = decidersOfStep(compiled, step)
  const { quorum } = deciders
  const votes = votesOf(step, digest)
  const refusal = refuseVoice(deciders, decision, votes)
  if (refusal !== undefined) return { type: 'refused', ...refusal }
  const alone: Voice = { type: 'decided', reasons: reason === '' ? [] : [reason] }
  if (quorum === undefined || (outcome !== 'approved' && outcome !== 'rejected')) return alone
  const vote: Vote = { outcome, by, ...(decision.for !== undefined && { for: decision.for }), reason, at, digest }
  const all = [...votes, vote]
  const same = all.filter((one) => one.outcome === outcome)
  const needed = outcome === 'approved' ? quorum.need : rejectionsNeeded(quorum)
  if (same.length >= needed)
    return { type: 'decided', reasons: same.flatMap((one) => (one.reason === '' ? [] : [one.reason])) }
  const lost = lostVotesOf(step, digest).map((one): Vote => ({ ...one, isVoid: true }))
  const kept = [...lost, ...all].map((one) => Object.freeze(one))
  const counted: OpenStep = Object.freeze({ ...step, votes: Object.freeze(kept) })
  return { type: 'counted', context: withContext(context, { open: withIndex(context.open, decision.step, counted) }) }
}

function rejectionsNeeded({ need, of, rejected }: NonNullable<DecidersRecord['quorum']>): number {
  return rejected === 'one' || of === null ? 1 : of.length - need + 1
}

function refuseVoice(
  { quorum, delegates = [] }: DecidersRecord,
  decision: PersonDecision,
  votes: readonly Vote[],
): VoiceRefusal | undefined {
  const { by, for: person } = decision
  if (person !== undefined && !delegates.some((one) => one.person === person && one.by.includes(by)))
    return { reason: 'not-a-delegate', message: `${by} may not decide for ${person}` }
  if (quorum === undefined) return undefined
  const voice = person ?? by
  if (quorum.of !== null && !quorum.of.includes(voice)) {
    const whose = delegates.filter((one) => one.by.includes(by) && quorum.of?.includes(one.person) === true)
    const hint = whose.length === 0 ? '' : `; ${by} may decide for ${whose.map((one) => one.person).join(', ')}`
    return { reason: 'not-asked', message: `${voice} is not asked; asked are ${quorum.of.join(', ')}${hint}` }
  }
  // One person has one voice, whoever they decide for, and nobody is heard twice.
  const before = votes.find((vote) => vote.by === by || (vote.for ?? vote.by) === voice)
  if (before === undefined) return undefined
  const forWhom = before.for === undefined ? '' : ` for ${before.for}`
  return { reason: 'decided-before', message: `${before.by} has ${before.outcome} this already${forWhom}` }
}

/** The context after an escalation: the request is for the next role. */
export function escalated(
  compiled: CompiledWorkflow,
  context: RunContext,
  { stepIndex, step }: { readonly stepIndex: number; readonly step: OpenStep },
): RunContext {
  const { escalatesAt: _, ...rest } = step
  const level = (step.escalated ?? 0) + 1
  const next: OpenStep = Object.freeze({
    ...rest,
    ...nextEscalation(decidersOfStep(compiled, step), step.since, level),
    escalated: level,
  })
  return withContext(context, { open: withIndex(context.open, stepIndex, next) })
}

/** The role an open request is for; null: none in particular. */
export function roleOf(deciders: DecidersRecord, step: OpenStep, role: string | null): string | null {
  return deciders.escalations?.[(step.escalated ?? 0) - 1]?.role ?? role
}
