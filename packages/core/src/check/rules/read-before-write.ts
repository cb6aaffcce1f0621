import { endTarget, exhaustedTarget, type Graph, type GuardExpression, type NodeRecord } from '../../graph/graph.ts'
import { formatPath, jumpName, listName, subjectOf, type Move, type Subject, type Walk } from '../moves.ts'
import { atomsOf, conditionsOf } from '../propositions.ts'
import { errorAt, type Rule } from '../rule.ts'
import type { Finding } from '../report.ts'
import { toolConditions } from '../tool-rules.ts'
import { certainWrites } from '../certain-writes.ts'
import { walkLacking, type LackingWalk } from '../lacking-walk.ts'

/**
 * Every required key is written, on every path, before a node reads it, a guard reads it or the run ends with it as output.
 *
 * Optional keys may be absent and are left out; which writes are certain is said by {@link certainWrites}. A limit of the
 * workflow may be hit before the first node has ended, so where it leads only input keys are certain.
 *
 * Cost: O(keys · moves).
 */
export const readBeforeWrite: Rule = (subject) => {
  const { graph } = subject
  const required = graph.inputSchema['required']
  const given = new Set(Array.isArray(required) ? required : graph.inputKeys)
  const writes = writesOf(graph)
  return Object.entries(graph.state)
    .filter(([key, record]) => !record.optional && !given.has(key))
    .flatMap(([key]) => unwrittenReads({ subject, writes }, key))
}

/** State keys that a run may read, or end without, from a node on although nothing has written them. @param present - keys that are there. Order: as in the state */
export function unwrittenFrom(graph: Graph, start: string, present: readonly string[]): readonly string[] {
  // Where limits lead has been looked at from the start.
  const { stall: _, ...others } = graph.limits
  const limits = { ...others, exhausted: exhaustedTarget }
  const from: Graph = { ...graph, start, limits, inputKeys: present, inputSchema: { required: [...present] } }
  const subject = subjectOf(from)
  const writes = writesOf(from)
  return Object.entries(graph.state)
    .filter(([key, record]) => !record.optional && !present.includes(key))
    .flatMap(([key]) => (unwrittenReads({ subject, writes }, key).length > 0 ? [key] : []))
}

function writesOf(graph: Graph): Site['writes'] {
  const writes = new Map<string, ReadonlySet<string>>()
  for (const node of Object.values(graph.nodes)) {
    for (const outcome of node.outcomes) writes.set(listName(node.id, outcome), certainWrites(graph, node, outcome))
  }
  return writes
}

/** A run stalls when a node has ended: where it then goes may lack what some node may end without. */
function walkFromRoots(subject: Subject, mayLack: (move: Move) => boolean): LackingWalk {
  const stalled = new Set(subject.stalledTo.map(({ to }) => to))
  const first = [subject.graph.start, ...(subject.exhaustedTo === null ? [] : [subject.exhaustedTo])]
  const walk = walkLacking(subject, first, mayLack)
  const isLacking = subject.moves.some((move) => walk.lacks(move.from, move.edge.outcome) && mayLack(move))
  return stalled.size === 0 || !isLacking ? walk : walkLacking(subject, [...first, ...stalled], mayLack)
}

interface Site {
  readonly subject: Subject
  /** What is certainly written, by `node.outcome`. */
  readonly writes: ReadonlyMap<string, ReadonlySet<string>>
}

function unwrittenReads({ subject, writes }: Site, key: string): Finding[] {
  const { graph } = subject
  const mayLack = (move: Move): boolean => writes.get(listName(move.from, move.edge.outcome))?.has(key) !== true
  const walk = walkFromRoots(subject, mayLack)
  const writers = Object.values(graph.nodes).filter((node) => node.writes.includes(key))
  const look: Look = { subject, writes, key, walk, hint: hintFor(key, writers) }
  const findings: Finding[] = []
  for (const node of Object.values(graph.nodes)) {
    if (node.sees === 'fork' && node.reads.includes(key)) findings.push(...seenFinding(look, node))
    if (!walk.reached.has(node.id)) continue
    if (node.sees !== 'fork' && node.reads.includes(key)) findings.push(nodeFinding(look, node))
    findings.push(...toolFindings(look, node), ...guardFindings(look, node))
  }
  if (graph.output.includes(key) && (writers.length > 0 || graph.inputKeys.includes(key)))
    findings.push(...outputFinding(look))
  return findings
}

interface Look extends Site {
  readonly key: string
  readonly walk: LackingWalk
  readonly hint: string
}

function hintFor(key: string, writers: readonly NodeRecord[]): string {
  const names = writers.map((node) => `"${node.id}"`).join(', ')
  const written = writers.length === 0 ? 'no node writes it' : `it is written by ${names}`
  return `Write "${key}" before (${written}), take it from the input, or make it optional in the state.`
}

function nodeFinding({ key, walk, hint, subject }: Look, node: NodeRecord): Finding {
  return errorAt('WAYSTONE_DEFINITION_READ_BEFORE_WRITE', {
    place: node.place,
    message: `node "${node.id}" reads "${key}", which nothing has written ${wayTo(subject, walk, node.id)}`,
    hint,
  })
}

/** A node that sees the state as it was at the fork: what a branch writes, its own among them, is too late for it. */
function seenFinding(look: Look, node: NodeRecord): Finding[] {
  const { subject, writes, key, walk, hint } = look
  const region = subject.regions.forks.get(subject.regions.homes.get(node.id)?.at(-1)?.join ?? '')
  if (region === undefined) return walk.reached.has(node.id) ? [nodeFinding(look, node)] : []
  const lacking = region.edges.find(
    ({ from, outcome }) => walk.lacks(from, outcome) && writes.get(listName(from, outcome))?.has(key) !== true,
  )
  if (lacking === undefined) return []
  return [
    errorAt('WAYSTONE_DEFINITION_READ_BEFORE_WRITE', {
      place: node.place,
      message: `node "${node.id}" reads "${key}" as it was at the fork, which nothing had written on the path ${formatPath(walk.pathTo(lacking.from), lacking.id)}`,
      hint: `${hint} Or let "${node.id}" read the state as it is: without sees: 'fork'.`,
    }),
  ]
}

/** Conditions on an agent's tools are decided while it is at work: before it has written anything itself. */
function toolFindings({ subject, key, walk, hint }: Look, node: NodeRecord): Finding[] {
  return toolConditions(node)
    .filter(({ when }) => readsKey(subject, when, key))
    .map(({ tool, part }) =>
      errorAt('WAYSTONE_DEFINITION_READ_BEFORE_WRITE', {
        place: { ...node.place, path: `${node.place.path}.toolRules.${tool}.${part}` },
        message: `the condition on tool "${tool}" of "${node.id}" reads "${key}", which nothing has written ${wayTo(subject, walk, node.id)}`,
        hint,
      }),
    )
}

function guardFindings({ subject, writes, key, walk, hint }: Look, node: NodeRecord): Finding[] {
  return node.outcomes.flatMap((outcome) => {
    const name = listName(node.id, outcome)
    if (writes.get(name)?.has(key) === true || !walk.lacks(node.id, outcome)) return []
    return (subject.lists.get(name) ?? [])
      .filter((edge) => readsKey(subject, conditionsOf(edge), key))
      .map((edge) =>
        errorAt('WAYSTONE_DEFINITION_READ_BEFORE_WRITE', {
          place: edge.place,
          message: `the guard of edge ${edge.id} reads "${key}", which nothing has written on the path ${formatPath(walk.pathTo(node.id), edge.id)}`,
          hint,
        }),
      )
  })
}

function readsKey({ graph }: Subject, when: GuardExpression, key: string): boolean {
  return [...atomsOf(when)].some((guard) => graph.guards[guard]?.reads.includes(key))
}

function outputFinding({ subject, key, walk, hint }: Look): Finding[] {
  if (!walk.reached.has(endTarget) && subject.exhaustedTo !== endTarget) return []
  const path = walk.pathTo(endTarget)
  const way = path.length === 0 ? 'when a limit of the workflow is hit' : `on the path ${formatPath(path, 'END')}`
  return [
    errorAt('WAYSTONE_DEFINITION_READ_BEFORE_WRITE', {
      place: path.at(-1)?.edge.place ?? subject.graph.limits.place,
      message: `the run may end without output key "${key}", ${way}`,
      hint,
    }),
  ]
}

function wayTo(subject: Subject, walk: Walk, node: string): string {
  const path = walk.pathTo(node)
  const jump = jumpName(subject, path[0]?.from ?? node)
  if (path.length === 0) return jump === undefined ? 'when the run starts' : `when ${jump} leads to it`
  return `on the path ${jump === undefined ? '' : `${jump} → `}${formatPath(path, node)}`
}
