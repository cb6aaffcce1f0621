import { nodePath } from '../base/node-path.ts'
import { endTarget, exhaustedTarget, failTarget, type Graph, type LimitName, type NodeRecord } from '../graph/graph.ts'
import { nestedIn } from '../graph/nested-graphs.ts'
import { walkLacking } from './lacking-walk.ts'
import { rootsOf, subjectOf, walkFrom, type Subject } from './moves.ts'

/** A node that a run may get to while the limits of the workflow hold. */
export interface LimitedNode {
  /** From the workflow whose limits are asked, through nested ones. */
  readonly path: string
  readonly node: NodeRecord
  /**
   * Whether every path from the start to an end leads through it that keeps this limit of the workflow, failures that the author has no edge for left out.
   * Where other limits lead is such a path too. Costs O(moves) when asked.
   */
  readonly isNeeded: (limit: LimitName) => boolean
}

/**
 * The nodes of a workflow, and of what is nested in it, that its limits hold for. What is reached by `limits.exhausted` alone is not: no limit holds any more there.
 *
 * Order: as nodes, those of nested workflows after the node that holds them.
 */
export function limitedNodes(subject: Subject): readonly LimitedNode[] {
  const roots = [subject.graph.start, ...subject.stalledTo.map(({ to }) => to)]
  return nodesFrom(subject, { roots, within: [], isNeeded: () => true, isOwn: true })
}

interface Level {
  readonly roots: readonly string[]
  /** The nodes that hold it, outermost first. */
  readonly within: readonly string[]
  readonly isNeeded: LimitedNode['isNeeded']
  /** Whether the limits that are asked about are its own. */
  readonly isOwn: boolean
}

function nodesFrom(subject: Subject, { roots, within, isNeeded, isOwn }: Level): readonly LimitedNode[] {
  const { reached } = walkFrom(subject, roots)
  return Object.values(subject.graph.nodes).flatMap((node): readonly LimitedNode[] => {
    if (!reached.has(node.id)) return []
    const own: LimitedNode = {
      path: nodePath(within, node.id),
      node,
      isNeeded: (limit) => isNeeded(limit) && isPassedAlways(subject, node.id, isOwn ? limit : undefined),
    }
    const nested: Graph | undefined = nestedIn(subject.graph, node)
    if (nested === undefined) return [own]
    const inside = subjectOf(nested)
    const path = [...within, node.id]
    const found = nodesFrom(inside, { roots: rootsOf(inside), within: path, isNeeded: own.isNeeded, isOwn: false })
    // The list of a map may be empty. What goes on when the nested workflow fails needs only what that begins with.
    const isPassedBy = node.kind === 'map' || isCaught(subject, node.id)
    const start = nodePath(path, nested.start)
    return [
      own,
      ...found.map((one) =>
        isPassedBy && (node.kind === 'map' || one.path !== start) ? { ...one, isNeeded: () => false } : one,
      ),
    ]
  })
}

const broken: ReadonlySet<string> = new Set(['failed', 'timeout', 'unknown', 'exhausted'])

/** Whether the author has an edge for a nested workflow that did not get to its end. */
function isCaught({ graph, regions }: Subject, node: string): boolean {
  if (regions.homes.has(node)) return true
  return graph.edges.some((edge) => edge.from === node && !edge.isImplicit && broken.has(edge.outcome))
}

const ends: readonly string[] = [endTarget, failTarget, exhaustedTarget]

/** @param kept - the limit of this very workflow that is not to be hit; where it leads is no way past the node */
function isPassedAlways(subject: Subject, node: string, kept: LimitName | undefined): boolean {
  const { graph, exhaustedTo, stalledTo } = subject
  if (node === graph.start) return true
  const roots = [graph.start, ...stalledTo.map(({ to }) => to)]
  if (exhaustedTo !== null && Object.keys(graph.limits.bounds).some((name) => name !== kept)) roots.push(exhaustedTo)
  // An end that only a limit leads to is on no edge, so no walk finds it.
  if (roots.some((root) => ends.includes(root))) return false
  // What fails in a branch may leave the rest to go on.
  const { reached } = walkLacking(
    subject,
    roots,
    (move) => move.from !== node && (!move.edge.isImplicit || subject.regions.homes.has(move.from)),
  )
  return !ends.some((end) => reached.has(end))
}
