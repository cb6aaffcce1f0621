import type { Graph } from '../../graph/graph.ts'
import { runnersOf } from '../policy/runners.ts'
import { atomsOf } from '../propositions.ts'
import { errorAt, listNames, type Rule } from '../rule.ts'

/** Policies name a tool that some node runs, a node, an outcome of that node, and guards of the workflow. */
export const policyNames: Rule = ({ graph }) =>
  graph.policies.flatMap((policy) =>
    wrongNames(graph, policy).map(({ message, allowed }) =>
      errorAt('WAYSTONE_DEFINITION_BAD_POLICY', {
        place: policy.place,
        message,
        hint: `Use one of ${listNames(allowed, 20)}.`,
      }),
    ),
  )

interface WrongName {
  readonly message: string
  readonly allowed: readonly string[]
}

function wrongNames(graph: Graph, policy: Graph['policies'][number]): WrongName[] {
  const wrong: WrongName[] = []
  const { never, without, given } = policy
  if (runnersOf(graph, never).length === 0) {
    const used = Object.keys(graph.tools).filter((tool) => runnersOf(graph, tool).length > 0)
    wrong.push({ message: `the policy is about tool "${never}", which no node runs`, allowed: used })
  }
  const node = without === 'approval' ? undefined : graph.nodes[without.node]
  if (without === 'approval') {
    // Asks for no node by name.
  } else if (node === undefined) {
    wrong.push({
      message: `the policy asks for "${without.node}", which is not a node`,
      allowed: Object.keys(graph.nodes),
    })
  } else if (!node.outcomes.includes(without.outcome)) {
    const message = `the policy asks for outcome "${without.outcome}" of "${node.id}", which it does not have`
    wrong.push({ message, allowed: node.outcomes })
  }
  for (const guard of given === null ? [] : atomsOf(given)) {
    if (graph.guards[guard] !== undefined) continue
    wrong.push({ message: `the policy is given "${guard}", which is not a guard`, allowed: Object.keys(graph.guards) })
  }
  return wrong
}
