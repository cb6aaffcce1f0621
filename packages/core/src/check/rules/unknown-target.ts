import { endTarget, exhaustedTarget, failTarget, personTarget, type EdgeRecord } from '../../graph/graph.ts'
import { errorAt, listNames, type Rule, type Statement } from '../rule.ts'

const ends = new Set([endTarget, failTarget, exhaustedTarget])

/** Start, edges, `otherwise`, `per` and what `limits` lead to name nodes of the workflow or ends. */
export const unknownTarget: Rule = ({ graph, stalledTo }) => {
  const known = listNames(Object.keys(graph.nodes))
  const isNode = (name: string): boolean => graph.nodes[name] !== undefined
  const isTarget = (name: string): boolean => isNode(name) || ends.has(name)
  const statements: Statement[] = []
  const hint = `Use a node of the workflow, END or FAIL; its nodes are ${known}.`
  const wrong = (place: Statement['place'], message: string): number => statements.push({ place, message, hint })
  if (!isNode(graph.start)) wrong(graph.place, `start names "${graph.start}", which is not a node`)
  for (const edge of graph.edges) {
    if (!isNode(edge.from)) wrong(edge.place, `edge ${edge.id} begins at "${edge.from}", which is not a node`)
    for (const branch of edge.fork?.branches ?? [])
      if (!isNode(branch)) wrong(edge.place, `edge ${edge.id} forks into "${branch}", which is not a node`)
    if (edge.fork !== undefined && graph.nodes[edge.fork.join]?.kind !== 'join')
      wrong(edge.place, `edge ${edge.id} joins at "${edge.fork.join}", which is not a join`)
    if (!isTarget(edge.to) && !isPerson(edge) && edge.fork === undefined)
      wrong(edge.place, `edge ${edge.id} leads to "${edge.to}", which is not a node`)
    if (edge.otherwise !== null && !isTarget(edge.otherwise)) {
      wrong(edge.place, `otherwise of edge ${edge.id} leads to "${edge.otherwise}", which is not a node`)
    }
    const per = edge.limit?.per ?? null
    if (per !== null && !isNode(per))
      wrong(edge.place, `the limit of edge ${edge.id} is per "${per}", which is not a node`)
  }
  const { exhausted, place } = graph.limits
  for (const { name, to } of [{ name: 'limits.exhausted', to: exhausted }, ...stalledTo])
    if (!isTarget(to)) wrong(place, `${name} leads to "${to}", which is not a node`)
  return statements.map((statement) => errorAt('WAYSTONE_DEFINITION_UNKNOWN_NODE', statement))
}

function isPerson(edge: EdgeRecord): boolean {
  return edge.to === personTarget
}
