import type { Checkpoint, CompiledWorkflow, EdgeRecord, Json, JsonObject, RunContext } from '@waystone/core'
import { beginMesh, endInMesh, freeInMesh, isMesh, type Settled, type Stopping } from './meetings.ts'
import { holds } from './routing.ts'
import type { BranchEnd, InvariantName, KnownFork, RunFacts } from './run-facts.ts'

type Decision = NonNullable<Checkpoint['decision']>
/** Lists whose items stand in order of branch. */
const lists = ['trail', 'seen'] as const

/** Nodes of a branch: what its first node leads to, without passing the join. */
function branchNodes({ graph }: CompiledWorkflow, entry: string, join: string): ReadonlySet<string> {
  const nodes = new Set([entry])
  for (const node of nodes)
    for (const edge of graph.edges)
      if (edge.from === node && edge.cancelsFork !== true)
        for (const to of leadsTo(edge)) if (to !== join && graph.nodes[to] !== undefined) nodes.add(to)
  return nodes
}

function leadsTo({ to, otherwise, fork }: EdgeRecord): readonly string[] {
  return [...(fork === undefined ? [to] : [...fork.branches, fork.join]), ...(otherwise === null ? [] : [otherwise])]
}

/** The innermost fork under way that a node is in a branch of. */
function branchOf(facts: RunFacts, node: string): { readonly join: string; readonly branch: string } | undefined {
  const found = [...facts.forks].flatMap(([join, fork]) =>
    [...fork.branches.keys()].flatMap((branch) => {
      const nodes = nodesOf(facts, { join, branch, fork })
      return nodes.has(node) ? [{ join, branch, size: nodes.size }] : []
    }),
  )
  return found.toSorted((one, other) => one.size - other.size)[0]
}

/** All nodes of the branch of a fork under way that a node is in; undefined: it is in none. */
export function branchAround(facts: RunFacts, node: string): ReadonlySet<string> | undefined {
  const home = branchOf(facts, node)
  return home === undefined ? undefined : nodesOf(facts, { ...home, fork: facts.forks.get(home.join) })
}

/** Nodes of a branch of a fork under way. Where branches meet, each node is one. */
function nodesOf(
  { spec }: RunFacts,
  { join, branch, fork }: { readonly join: string; readonly branch: string; readonly fork: KnownFork | undefined },
): ReadonlySet<string> {
  return fork?.mesh === undefined ? branchNodes(spec, branch, join) : new Set([branch])
}

/** What a join must do now: its outcome, or null to wait. */
function dueOutcome({ spec }: RunFacts, name: string, statuses: readonly BranchEnd[]): string | null {
  const join = spec.graph.nodes[name]
  if (join?.kind !== 'join') return null
  const count = (wanted: BranchEnd): number => statuses.filter((status) => status === wanted).length
  const joined = count('joined') + (join.failed === 'keep' ? count('failed') : 0)
  const needed = join.atLeast ?? statuses.length
  if (joined >= needed) return 'done'
  if (join.failed === 'raise' && count('failed') > 0) return 'failed'
  return joined + count('running') < needed ? 'unsatisfied' : null
}

/** Lengths of the lists, and who wrote each item. */
export function noteWrites(facts: RunFacts, before: JsonObject, node: string): void {
  for (const key of lists) {
    const writers = facts.writersOf.get(key) ?? lengthOf(before[key], 'input')
    facts.writersOf.set(key, writers)
    while (writers.length < lengthOf(facts.state[key], '').length) writers.push(node)
  }
}

function lengthOf(value: Json | undefined, writer: string): string[] {
  return Array.from({ length: Array.isArray(value) ? value.length : 0 }, () => writer)
}

/**
 * Follows one decision, and those of the joins that fire with it, by the oracle's own count of branches.
 *
 * @returns nothing; the state the oracle expects has its lists in order of branch afterwards
 */
export function followForks(
  facts: RunFacts,
  { decision, event, sequence }: Checkpoint,
  {
    after,
    report,
  }: { readonly after: RunContext; readonly report: (invariant: InvariantName, message: string) => void },
): void {
  if (decision === null) return
  if (event.type === 'timer.due' && facts.spec.graph.nodes[decision.node]?.kind === 'join') {
    const until = facts.forks.get(decision.node)?.until ?? null
    if (until === null || event.at < until)
      report(
        'joins-fire-once',
        `the deadline of ${decision.node} came at ${sequence}, when ${until === null ? 'nothing waits for it' : `${until - event.at} ms were left`}`,
      )
    if (until !== null) fired(facts, decision.node)
  }
  for (let one: Decision | undefined = decision; one !== undefined && one.node !== ':compensating'; one = one.next) {
    const { due, begun } = followOne(facts, one, { stopping: stoppingIn(after), at: event.at })
    if (begun !== null && begun.join() !== (one.starts ?? []).join() && !exhausting.has(one.taken))
      report(
        'branches-wait',
        `after ${one.taken} at ${sequence} ${begun.join(', ') || 'nobody'} may begin; what began is ${one.starts?.join(', ') ?? 'nothing'}`,
      )
    // Undoing begins in the same transition, and is no join.
    const next: Decision | undefined = one.next?.node === ':compensating' ? undefined : one.next
    const found = next === undefined ? null : `${next.node}.${next.outcome}`
    if (found !== due)
      report(
        'joins-fire-once',
        `after ${one.taken} at ${sequence} ${due ?? 'no join'} is due; what fired is ${found ?? 'nothing'}`,
      )
  }
  const isOut = decision.taken === ':redirect' && branchOf(facts, decision.to ?? '') === undefined
  const isOver = after.ending !== null || after.undoing !== undefined
  if (isOver || decision.taken === 'limits.exhausted' || isOut) facts.forks.clear()
  const known = [...facts.forks.keys()].toSorted().join()
  const stored = Object.keys(after.forks ?? {})
    .toSorted()
    .join()
  if (known !== stored && after.ending === null)
    report('joins-fire-once', `forks under way after ${sequence} are ${stored}; by the decisions they are ${known}`)
  for (const [join, visits] of Object.entries(after.visits)) {
    if (facts.spec.graph.nodes[join]?.kind !== 'join') continue
    if (visits !== (facts.fires.get(join) ?? 0))
      report(
        'joins-fire-once',
        `join ${join} fired ${facts.fires.get(join) ?? 0} times and was entered ${visits} times`,
      )
  }
}

function stoppingIn({ closing }: RunContext): Stopping {
  return new Set(Object.values(closing).map(({ node }) => node))
}

/** The late end of something cancelled: branches begin that waited for a name it held, and nothing else happens. */
export function followFreed(
  facts: RunFacts,
  { decision, sequence }: Checkpoint,
  {
    after,
    report,
  }: { readonly after: RunContext; readonly report: (invariant: InvariantName, message: string) => void },
): void {
  const isOver = after.ending !== null || after.undoing !== undefined
  const begun = isOver
    ? []
    : [...facts.forks.values()].flatMap(({ mesh }) =>
        mesh === undefined ? [] : freeInMesh(facts.spec, mesh, stoppingIn(after)),
      )
  const found = decision?.taken.endsWith(':freed') === true ? (decision.starts ?? []) : []
  if (decision?.taken === 'limits.exhausted') return facts.forks.clear()
  if (begun.join() !== found.join())
    report(
      'branches-wait',
      `what was cancelled stopped at ${sequence}, and ${begun.join(', ') || 'nobody'} may begin; what began is ${found.join(', ') || 'nothing'}`,
    )
}

const exhausting: ReadonlySet<string> = new Set(['limits.exhausted', ':guard-error', ':no-route'])

interface Followed {
  /** The join that fires now, with its outcome. */
  readonly due: string | null
  /** Nodes that begin, where branches meet; null: they begin with their fork. */
  readonly begun: readonly string[] | null
}

function plainly(due: string | null): Followed {
  return { due, begun: null }
}

function followOne(
  facts: RunFacts,
  decision: Decision,
  { stopping, at }: { readonly stopping: Stopping; readonly at: number },
): Followed {
  const { edges } = facts.spec.graph
  const isJoin = facts.spec.graph.nodes[decision.node]?.kind === 'join'
  // A place on the way is left as it is reached, be it only to where a limit leads; what a fork names has been counted as it fired.
  if (isJoin && !edges.some(({ fork }) => fork?.join === decision.node))
    facts.fires.set(decision.node, (facts.fires.get(decision.node) ?? 0) + 1)
  const edge = edges.find(({ id }) => id === decision.taken.replace(/:otherwise$/, ''))
  if (edge === undefined || decision.to === null || decision.to === ':person') return plainly(null)
  const home = branchOf(facts, decision.node)
  const mesh = home === undefined ? undefined : facts.forks.get(home.join)?.mesh
  const truth = (guard: Parameters<typeof holds>[1]): boolean => holds(facts, guard)
  const isKept = decision.to === ':fail' && edge.cancelsFork !== true
  if (mesh !== undefined && (isKept || decision.to === mesh.join || staysIn(mesh.standing, edge, decision.to))) {
    return fireIn(facts, mesh.join, endInMesh(facts.spec, mesh, { edge, to: decision.to, holds: truth, stopping }))
  }
  if (decision.to === ':fork' && edge.fork !== undefined) {
    const branches = new Map(edge.fork.branches.map((branch): [string, BranchEnd] => [branch, 'running']))
    const lengths = new Map(lists.map((key) => [key, facts.writersOf.get(key)?.length ?? 0] as const))
    const { join } = edge.fork
    const until = deadlineOf(facts, join, at)
    const entered = edge.fork.branches.map((entry) => branchNodes(facts.spec, entry, join))
    const nodes = new Set(entered.flatMap((one) => [...one]))
    if (!isMesh(facts.spec, edge, entered)) {
      facts.forks.set(join, { branches, lengths, until })
      return plainly(null)
    }
    const begun = beginMesh(facts.spec, edge, { nodes, holds: truth, stopping })
    const each = new Map([...begun.mesh.standing.keys()].map((node): [string, BranchEnd] => [node, 'running']))
    facts.forks.set(join, { branches: each, lengths, until, mesh: begun.mesh })
    return { due: null, begun: begun.settled.begun }
  }
  if (home === undefined) return plainly(null)
  const isFailure = decision.to === ':fail' && edge.cancelsFork !== true
  if (!isFailure && decision.to !== home.join) {
    const whole = { ...home, fork: facts.forks.get(home.join) }
    if (!nodesOf(facts, whole).has(decision.to)) leave(facts, home.join)
    return plainly(null)
  }
  const fork = facts.forks.get(home.join)
  fork?.branches.set(home.branch, isFailure ? 'failed' : 'joined')
  const outcome = dueOutcome(facts, home.join, [...(fork?.branches.values() ?? [])])
  if (outcome === null) return plainly(null)
  fired(facts, home.join)
  return plainly(`${home.join}.${outcome}`)
}

function deadlineOf({ spec }: RunFacts, name: string, at: number): number | null {
  const join = spec.graph.nodes[name]
  return join?.kind === 'join' && join.deadlineMs !== null ? at + join.deadlineMs : null
}

function staysIn(standing: ReadonlyMap<string, unknown>, edge: EdgeRecord, to: string): boolean {
  return to === ':fork' ? edge.fork?.branches.every((name) => standing.has(name)) === true : standing.has(to)
}

/** What follows where branches meet: the join fires, or others begin. */
function fireIn(facts: RunFacts, join: string, { begun, fires }: Settled): Followed {
  const isOver = fires?.startsWith(`${join}.`) === true
  if (isOver) fired(facts, join)
  return { due: fires, begun: isOver ? [] : begun }
}

/** An edge out of a fork ends it, and all around it that it leaves too: simulations leave one at a time. */
function leave(facts: RunFacts, join: string): void {
  for (const inner of inside(facts, join)) facts.forks.delete(inner)
  facts.forks.delete(join)
}

function inside(facts: RunFacts, join: string): readonly string[] {
  const fork = facts.forks.get(join)
  const branches = [...(fork?.branches.keys() ?? [])]
  const nodes = new Set(branches.flatMap((branch) => [...nodesOf(facts, { join, branch, fork })]))
  return [...facts.forks.keys()].filter((other) => other !== join && nodes.has(other))
}

function fired(facts: RunFacts, join: string): void {
  const fork = facts.forks.get(join)
  if (fork !== undefined) for (const key of lists) putInOrder(facts, { join, key, fork })
  leave(facts, join)
  facts.fires.set(join, (facts.fires.get(join) ?? 0) + 1)
}

function putInOrder(
  facts: RunFacts,
  { join, key, fork }: { readonly join: string; readonly key: string; readonly fork: KnownFork },
): void {
  const writers = facts.writersOf.get(key) ?? []
  const items = facts.state[key]
  if (!Array.isArray(items)) return
  const values = items as readonly Json[]
  const branches = [...fork.branches.keys()].map((branch) => nodesOf(facts, { join, branch, fork }))
  const from = fork.lengths.get(key) ?? 0
  const places = writers.flatMap((writer, place) =>
    place >= from && branches.some((nodes) => nodes.has(writer)) ? [place] : [],
  )
  const rank = (place: number): number => branches.findIndex((nodes) => nodes.has(writers[place] ?? ''))
  const sorted = places.toSorted((one, other) => rank(one) - rank(other) || one - other)
  const [list, owners] = [[...values], [...writers]]
  places.forEach((place, index) => {
    const source = sorted[index] ?? place
    list[place] = values[source] ?? null
    owners[place] = writers[source] ?? ''
  })
  facts.state = { ...facts.state, [key]: list }
  facts.writersOf.set(key, owners)
}
