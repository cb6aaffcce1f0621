import { escalationOutcome } from '../../graph/handoff.ts'
import type { Graph, GroupRecord, GuardExpression, NodeRecord } from '../../graph/graph.ts'
import { groupsWith } from '../../graph/group-at.ts'
import { nestedIn } from '../../graph/nested-graphs.ts'
import { toolConditions } from '../tool-rules.ts'
import { atomsOf, conditionsOf } from '../propositions.ts'
import { errorAt, listNames, type Rule } from '../rule.ts'
import type { Finding } from '../report.ts'
import type { Place } from '../../errors/definition-error.ts'

/** What is private to a group is read and written by its nodes alone; of the shared state they write what the group exports, and no more. */
export const groupBorders: Rule = ({ graph }) => {
  if (graph.groups === undefined) return []
  return [
    ...Object.values(graph.nodes).flatMap((node) => nodeFindings(graph, node)),
    ...graph.edges.flatMap((edge) => guardFindings(graph, conditionsOf(edge), { node: edge.from, place: edge.place })),
    ...Object.values(graph.groups).flatMap((group) => namedVerdicts(graph, group)),
    ...whole(graph),
    ...storesInside(graph),
  ]
}

/** The group that a key is private to. */
function ownerOf({ state, groups }: Graph, key: string): GroupRecord | undefined {
  const owner = state[key]?.group
  return owner === undefined ? undefined : groups?.[owner]
}

function nodeFindings(graph: Graph, node: NodeRecord): Finding[] {
  const findings: Finding[] = []
  const group = node.group === undefined ? undefined : graph.groups?.[node.group]
  const undo = 'compensate' in node ? (node.compensate ?? null) : null
  for (const key of new Set([...node.reads, ...(undo?.reads ?? []), ...node.writes, ...(undo?.writes ?? [])])) {
    const owner = ownerOf(graph, key)
    const verb = node.reads.includes(key) || undo?.reads.includes(key) === true ? 'reads' : 'writes'
    if (owner !== undefined && owner.name !== node.group)
      findings.push(trespass(owner, { place: node.place, who: `node "${node.id}" ${verb} "${key}"`, key }))
  }
  for (const key of group === undefined ? [] : node.writes) {
    if (group === undefined || ownerOf(graph, key) !== undefined || group.exports.includes(key)) continue
    findings.push(
      errorAt('WAYSTONE_DEFINITION_NOT_EXPORTED', {
        place: node.place,
        message: `node "${node.id}" of group "${group.name}" writes "${key}", which the group does not export; it exports ${listNames(group.exports)}`,
        hint: `Add "${key}" to exports of the group, or write to a key of its own.`,
      }),
    )
  }
  for (const heard of node.hears) {
    const owner = graph.groups?.[graph.nodes[heard]?.group ?? '']
    if (owner === undefined || owner.name === node.group || owner.verdicts.includes(heard)) continue
    findings.push(
      errorAt('WAYSTONE_DEFINITION_NOT_EXPORTED', {
        place: node.place,
        message: `node "${node.id}" hears "${heard}" of group "${owner.name}", whose verdict the group does not export`,
        hint: `Add "${heard}" to verdicts of the group, or do not hear it outside.`,
      }),
    )
  }
  findings.push(...handoffFindings(graph, node))
  for (const { tool, part, when } of toolConditions(node)) {
    const place = { ...node.place, path: `${node.place.path}.toolRules.${tool}.${part}` }
    findings.push(...guardFindings(graph, when, { node: node.id, place }))
  }
  return findings
}

/** What an agent has been told and has answered is as private as its group; a contract is meant for others. */
function handoffFindings(graph: Graph, node: NodeRecord): Finding[] {
  const { group } = node
  if (group === undefined || node.kind !== 'agent' || node.handoffs === undefined) return []
  return Object.entries(node.handoffs).flatMap(([name, { slice }]) => {
    if (slice === 'contract' || slice === 'none') return []
    // One too many goes where its limit leads, and takes the same along.
    const edges = graph.edges.filter(
      ({ from, outcome }) => from === node.id && (outcome === name || outcome === escalationOutcome),
    )
    const targets = edges.flatMap(({ to, otherwise, fork }) => [to, otherwise ?? to, ...(fork?.branches ?? [])])
    const outside = targets.filter(
      (target) => graph.nodes[target] !== undefined && graph.nodes[target]?.group !== group,
    )
    if (outside.length === 0) return []
    return [
      errorAt('WAYSTONE_DEFINITION_NOT_EXPORTED', {
        place: { ...node.place, path: `${node.place.path}.handoffs.${name}` },
        message: `handoff "${name}" of "${node.id}" takes messages of group "${group}" along to ${listNames([...new Set(outside)])}`,
        hint: "Hand over slice: 'contract' or 'none', or stay in the group.",
      }),
    ]
  })
}

/** What a guard read is stored with the decision of its node, so it is as private as the node. */
function guardFindings(
  graph: Graph,
  when: GuardExpression,
  { node, place }: { readonly node: string; readonly place: Place },
): Finding[] {
  return [...atomsOf(when)].flatMap((guard) =>
    (graph.guards[guard]?.reads ?? []).flatMap((key) => {
      const owner = ownerOf(graph, key)
      if (owner === undefined || owner.name === graph.nodes[node]?.group) return []
      return [trespass(owner, { place, who: `guard "${guard}" at node "${node}" reads "${key}"`, key })]
    }),
  )
}

/** One value cannot be kept by two: what a node of a group with a store of its own nests is kept there as a whole. */
function storesInside(graph: Graph): Finding[] {
  return Object.values(graph.nodes).flatMap((node) => {
    const nested = nestedIn(graph, node)
    const outer = node.group === undefined ? undefined : graph.groups?.[node.group]
    if (nested === undefined || outer?.own?.includes('store') !== true) return []
    return groupsWith(nested, 'store').map((inner) =>
      errorAt('WAYSTONE_DEFINITION_PRIVATE_KEY', {
        place: node.place,
        message: `node "${node.id}" of group "${outer.name}" nests group "${inner}"; both have a store of their own`,
        hint: `Leave "store" out of own of one of them: what group "${outer.name}" nests is kept in its store.`,
      }),
    )
  })
}

function trespass(
  { name, exports }: GroupRecord,
  found: { readonly place: Place; readonly who: string; readonly key: string },
): Finding {
  return errorAt('WAYSTONE_DEFINITION_PRIVATE_KEY', {
    place: found.place,
    message: `${found.who}, which is private to group "${name}"`,
    hint: `Let a node of the group write what others need to a key that it exports (${listNames(exports)}).`,
  })
}

function namedVerdicts({ nodes }: Graph, { name, verdicts, place }: GroupRecord): Finding[] {
  return verdicts
    .filter((id) => nodes[id]?.group !== name || (nodes[id]?.kind !== 'gate' && nodes[id]?.kind !== 'approval'))
    .map((id) =>
      errorAt('WAYSTONE_DEFINITION_NOT_EXPORTED', {
        place,
        message: `group "${name}" exports the verdict of "${id}", which is no gate and no approval of it`,
        hint: 'Name gates and approvals that were made in the group.',
      }),
    )
}

/** What goes in and comes out of the whole workflow is nobody's own. */
function whole(graph: Graph): Finding[] {
  const keys = [
    ...graph.inputKeys.map((key) => [key, 'the input holds'] as const),
    ...graph.output.map((key) => [key, 'the output holds'] as const),
  ]
  return keys.flatMap(([key, who]) => {
    const owner = ownerOf(graph, key)
    return owner === undefined ? [] : [trespass(owner, { place: graph.place, who: `${who} "${key}"`, key })]
  })
}
