import {
  forkTarget,
  nodeAt,
  roomOutcome,
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
import { nodeText } from './node-text.ts'
import { placedPath, placedText, targetText, type HolderOf } from './target-text.ts'

/**
 * Where a decision leads, through the joins it fired: `→ fork a, b`, `→ merge 1 of 2`, `→ merge → answer`; in a nested workflow by paths.
 *
 * @param items - of the maps that it is inside of
 */
export function wayText(decision: Decision, graph: Graph, items: readonly number[] = []): string {
  const { node, to, taken, arrival, next } = decision
  const held = { node, items }
  if (to === forkTarget) {
    const branches = graphAt(graph, node).edges.find(({ id }) => id === taken)?.fork?.branches ?? []
    return `→ fork ${startText(branches, decision)}`
  }
  // What undid last may be of a nested workflow; it is the run that ends, or what holds that.
  if (taken === ':undone') return `→ ${targetText(to)}`
  // Before it ends, a run undoes what it did.
  if (next !== undefined && isUndoing(next)) return `→ ${placedText(to, held)}, undoing first`
  // A place on the way that is passed at once.
  if (arrival === undefined && next !== undefined && to !== null && next.node === placedPath(to, node))
    return `→ ${nodeText(next.node, items)} ${wayText(next, graph, items)}`
  if (arrival === undefined && decision.starts === undefined) return `→ ${placedText(to, held)}`
  if (arrival === undefined) return `→ ${startText(to === null ? [] : [placedPath(to, node)], decision)}`
  const how = `${arrival.isFailure ? 'branch failed, ' : ''}${arrival.join}`
  if (next === undefined) {
    const begun = decision.starts === undefined || decision.starts.length === 0 ? '' : `, ${startText([], decision)}`
    return `→ ${how} ${arrival.joined} of ${arrival.needed}${begun}`
  }
  return `→ ${how}${next.outcome === 'done' ? '' : ` ${next.outcome}`} ${wayText(next, graph, items)}`
}

/** The workflow a node is in, by its path. */
function graphAt(graph: Graph, node: string): Graph {
  return nodeAt(graph, node)?.graph ?? graph
}

/** A step of the undoing of a run, or of a workflow nested in it. */
function isUndoing({ taken }: Decision): boolean {
  return taken.startsWith(':undo')
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

/** What a node does that goes on inside, by the end of what its transition is called. */
const insideWords: { readonly [transition: string]: string } = {
  tools: 'its tools are called',
  model: 'its model is asked again',
  repair: 'its model is asked to mend its answer',
  retry: 'it is tried again',
  fallback: 'the next model is asked',
  item: 'goes on with other items',
  items: 'begins its items',
  collect: 'its results are put together',
  begin: 'begins',
  person: 'a person is asked',
  received: 'takes what came',
  question: 'the question stands with the request',
  answer: 'the answer stands with the request',
  vote: 'others have to decide too',
  escalate: 'asks another role',
  ':undo:next': 'what was done before is undone next',
  ':undo:retry': 'undoing it is tried again',
  ':undo:person': 'a person is asked whether it was undone',
  ':undo:cancel': 'it is being undone already',
  ':undo:stop': 'undoing is stopped',
}

function insideText({ node, outcome, taken }: Decision, items: readonly number[]): string {
  const words = insideWords[taken] ?? insideWords[taken.slice(taken.lastIndexOf(':') + 1)] ?? 'goes on inside'
  // Undoing begins with nobody's outcome.
  if (node.endsWith(':compensating')) return 'what was done is undone first'
  if (outcome === roomOutcome) return `${nodeText(node, items)} waited for a limit, and ${words}`
  return `${nodeText(node, items)} ${outcome === 'begun' ? '' : `${outcome}, `}${words}`
}

/** Undoing is over: the run, or what is nested in it, ends as it would have. */
function undoneLine({ node, taken, to }: Decision, items: readonly number[]): string {
  return `${nodeText(node, items)}: all has been undone → ${targetText(to)}  [${taken}]`
}

/**
 * The whole decision: every candidate in the order it was tried, what it read and why it was taken or not.
 *
 * @param items - of the maps that it is inside of
 */
export function decisionLines(decision: Decision, graph: Graph, items: readonly number[] = []): readonly string[] {
  const { node } = decision
  if (decision.to === null && decision.limit === undefined) {
    const reason = reasonText(decision)
    const because = reason === '' ? '' : `  because ${reason}`
    const next = decision.next === undefined ? [] : decisionLines(decision.next, graph, items)
    return [`${insideText(decision, items)}  [${decision.taken}]${because}`, ...next]
  }
  if (decision.taken === ':undone') return [undoneLine(decision, items)]
  const edges = new Map(graphAt(graph, node).edges.map((edge) => [edge.id, edge]))
  const visit = decision.visit > 1 ? ` (visit ${decision.visit})` : ''
  const to = wayText(decision, graph, items)
  const branches = branchText(decision)
  const isStopped = decision.limit !== undefined || decision.stall !== undefined
  const limit = !isStopped ? [] : [`  ! ${reasonText(decision)}`]
  return [
    `${nodeText(node, items)}${visit} ${decision.outcome === roomOutcome ? 'waited for a limit' : `ended ${decision.outcome}`} ${to}  [${decision.taken}]`,
    ...decision.candidates.map((candidate) =>
      candidateLine(candidate, { edge: edges.get(candidate.edge), node, items, to: decision.to }),
    ),
    ...limit,
    ...(decision.handoff === undefined ? [] : [`  ⇢ ${handoffReason(decision.handoff)}`]),
    ...(branches === '' ? [] : [`  ⑂ ${branches}`]),
    ...(decision.next === undefined ? [] : decisionLines(decision.next, graph, items)),
  ]
}

interface CandidateSite extends HolderOf {
  readonly edge: EdgeRecord | undefined
  /** Where the decision leads. */
  readonly to: string | null
}

/** An edge that a nested workflow was given by rule is in no stored graph: where it leads is known when it was taken. */
function candidateTarget({ verdict }: Candidate, { edge, to }: CandidateSite): string | null | undefined {
  if (edge === undefined) return verdict === 'taken' || verdict === 'otherwise' ? to : undefined
  return verdict === 'otherwise' ? edge.otherwise : edge.to
}

function candidateLine(candidate: Candidate, site: CandidateSite): string {
  const { edge } = site
  const target = candidateTarget(candidate, site)
  const place =
    edge?.place.file === undefined
      ? ''
      : `  ${edge.place.file}${edge.place.line === undefined ? '' : `:${edge.place.line}`}`
  const detail = candidateText(candidate)
  const rule = edge?.isImplicit === true ? ', by rule' : ''
  const why = `${verdictWords[candidate.verdict]}${rule}${detail === '' ? '' : `: ${detail}`}`
  const way = target === undefined ? '' : ` → ${placedText(target, site)}`
  return `  ${marks[candidate.verdict]} ${candidate.edge}${way}  ${why}${place}`
}
