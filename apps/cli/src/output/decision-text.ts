import {
  forkTarget,
  type Candidate,
  type Decision,
  type EdgeRecord,
  type Graph,
  type GuardReading,
  type Json,
} from '@waystone/core'
import { amountText } from '../graph/limits-text.ts'
import { handoffReason } from './handoff-text.ts'
import { printableExcerpt } from './printable.ts'
import { targetText } from './target-text.ts'

/** Where a decision leads, through the joins it fired: `→ fork a, b`, `→ merge 1 of 2`, `→ merge → answer`. */
export function wayText(decision: Decision, graph: Graph): string {
  const { to, taken, arrival, next } = decision
  if (to === forkTarget) {
    const branches = graph.edges.find(({ id }) => id === taken)?.fork?.branches ?? []
    return `→ fork ${startText(branches, decision)}`
  }
  // A place on the way that is passed at once.
  if (arrival === undefined && next !== undefined && next.node === to) return `→ ${to} ${wayText(next, graph)}`
  if (arrival === undefined) return `→ ${startText([targetText(to)], decision)}`
  const how = `${arrival.isFailure ? 'branch failed, ' : ''}${arrival.join}`
  if (next === undefined) {
    const begun = decision.starts === undefined || decision.starts.length === 0 ? '' : `, ${startText([], decision)}`
    return `→ ${how} ${arrival.joined} of ${arrival.needed}${begun}`
  }
  return `→ ${how}${next.outcome === 'done' ? '' : ` ${next.outcome}`} ${wayText(next, graph)}`
}

/** Where branches meet: what an edge leads to may wait for others, and others may begin that waited. */
function startText(targets: readonly string[], { starts }: Decision): string {
  if (starts === undefined) return targets.join(', ')
  const waiting = targets.filter((name) => !starts.includes(name))
  const others = starts.filter((name) => !targets.includes(name))
  return [
    ...targets.filter((name) => starts.includes(name)),
    ...waiting.map((name) => `${name} waits`),
    ...others.map((name) => `${name} begins`),
  ].join(', ')
}

/** What became of the branches that a join waited for; empty for other decisions. */
function branchText({ branches }: Decision): string {
  if (branches === undefined) return ''
  const failed = branches.failed.map(({ branch, error }) =>
    error === undefined ? branch : `${branch}: ${printableExcerpt(error.message, 80)}`,
  )
  const parts = [
    ['joined', branches.joined.join(', ')],
    ['failed', failed.join(', ')],
    ['left', branches.left.join(', ')],
    ['skipped', (branches.skipped ?? []).join(', ')],
    ['cancelled', (branches.cancelled ?? []).join(', ')],
    ['put in order of branch', Object.keys(branches.moved ?? {}).join(', ')],
  ] as const
  return parts.flatMap(([word, names]) => (names === '' ? [] : [`${word} ${names}`])).join('; ')
}

/** Why an edge was taken, shortly; empty when there was nothing to choose. */
export function reasonText(decision: Decision): string {
  if (decision.stall !== undefined)
    return `stalled: ${decision.stall.transitions} transitions in a row without progress`
  if (decision.limit !== undefined) {
    const { name, used, max, node } = decision.limit
    return `limit${node === undefined ? '' : ` of ${node}`} hit: ${amountText(name, used)} of ${amountText(name, max)}`
  }
  const handoff = decision.handoff === undefined ? '' : handoffReason(decision.handoff)
  const taken = decision.candidates.find(({ verdict }) => verdict === 'taken' || verdict === 'otherwise')
  const refused = decision.candidates.filter(({ verdict }) => verdict === 'guard' || verdict === 'limit')
  const parts = [...refused.map(candidateText), ...(taken === undefined ? [] : [candidateText(taken)])]
  return [handoff, ...parts].filter((part) => part !== '').join('; ')
}

/** What made one candidate go the way it went. */
function candidateText({ verdict, guards, limit }: Candidate): string {
  const read = (guards ?? []).map(readingText).join(', ')
  if (limit === undefined) return read
  const times =
    verdict === 'taken' ? `its limit allows it: ${limit.used + 1} of ${limit.max}` : `limit of ${limit.max} used up`
  return [read, times].filter((part) => part !== '').join(', ')
}

/** One guard: what it said, and what it read. */
export function readingText({ guard, result, read }: GuardReading): string {
  const values = Object.entries(read).map(([key, value]) => `${key} = ${readValueText(value)}`)
  return `${guard} is ${String(result)}${values.length === 0 ? '' : ` (${values.join(', ')})`}`
}

function readValueText(value: Json): string {
  const isPointer = typeof value === 'object' && value !== null && '$state' in value
  return isPointer ? '…, see --state' : printableExcerpt(JSON.stringify(value), 60)
}

const marks: { readonly [verdict in Candidate['verdict']]: string } = {
  taken: '✓',
  otherwise: '✓',
  guard: '✗',
  limit: '✗',
  exhausted: '✗',
  escalated: '✗',
  later: '·',
}

const verdictWords: { readonly [verdict in Candidate['verdict']]: string } = {
  taken: 'taken',
  otherwise: 'its other way was taken',
  guard: 'guard is false',
  limit: 'limit is used up',
  exhausted: 'passed over, a limit was hit',
  escalated: 'passed over, one handoff too many',
  later: 'not tried, an earlier one was taken',
}

/** The whole decision: every candidate in the order it was tried, what it read and why it was taken or not. */
export function decisionLines(decision: Decision, graph: Graph): readonly string[] {
  if (decision.to === null && decision.limit === undefined) {
    const reason = reasonText(decision)
    const because = reason === '' ? '' : `  because ${reason}`
    return [`${decision.node} ${decision.outcome}, goes on inside  [${decision.taken}]${because}`]
  }
  const edges = new Map(graph.edges.map((edge) => [edge.id, edge]))
  const visit = decision.visit > 1 ? ` (visit ${decision.visit})` : ''
  const to = wayText(decision, graph)
  const branches = branchText(decision)
  const isStopped = decision.limit !== undefined || decision.stall !== undefined
  const limit = !isStopped ? [] : [`  ! ${reasonText(decision)}`]
  return [
    `${decision.node}${visit} ended ${decision.outcome} ${to}  [${decision.taken}]`,
    ...decision.candidates.map((candidate) => candidateLine(candidate, edges.get(candidate.edge))),
    ...limit,
    ...(decision.handoff === undefined ? [] : [`  ⇢ ${handoffReason(decision.handoff)}`]),
    ...(branches === '' ? [] : [`  ⑂ ${branches}`]),
    ...(decision.next === undefined ? [] : decisionLines(decision.next, graph)),
  ]
}

function candidateLine(candidate: Candidate, edge: EdgeRecord | undefined): string {
  const target = candidate.verdict === 'otherwise' ? edge?.otherwise : edge?.to
  const place =
    edge?.place.file === undefined
      ? ''
      : `  ${edge.place.file}${edge.place.line === undefined ? '' : `:${edge.place.line}`}`
  const detail = candidateText(candidate)
  const rule = edge?.isImplicit === true ? ', by rule' : ''
  const why = `${verdictWords[candidate.verdict]}${rule}${detail === '' ? '' : `: ${detail}`}`
  return `  ${marks[candidate.verdict]} ${candidate.edge} → ${targetText(target ?? null)}  ${why}${place}`
}
