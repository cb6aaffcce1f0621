import type { Checkpoint, EngineEvent, Graph } from '@waystone/core'
import type { StoredCheckpoint } from '@waystone/core/store'
import type { Coverage } from '../coverage.ts'
import type { WorldCall } from '../surroundings.ts'
import { markOf, operatorsMark, privateMark } from '../workflows/guild.ts'
import type { Report, RunFacts } from './run-facts.ts'

/** Groups whose private values stand in a text and that a node was not made in, by the graph the author wrote. */
function strangersIn({ spec: { graph } }: RunFacts, node: string, text: string): readonly string[] {
  const own = graph.nodes[node]?.group
  return Object.keys(graph.groups ?? {}).filter((group) => group !== own && text.includes(markOf(group)))
}

/** True when a group keeps what is private to it in a store of its own. */
export function hasOwnStore({ groups }: Graph): boolean {
  return Object.values(groups ?? {}).some(({ own }) => own?.includes('store') === true)
}

/** Keys that groups keep in stores of their own. */
export function keptKeys({ groups }: Graph): readonly string[] {
  return Object.values(groups ?? {}).flatMap(({ keys, own }) => (own?.includes('store') === true ? keys : []))
}

/** True where a text holds what is to be in a group's own store: of the group, or by an operator's patch. */
function isKeptIn({ groups }: Graph, text: string): boolean {
  const own = Object.values(groups ?? {}).filter((group) => group.own?.includes('store') === true)
  return own.length > 0 && [...own.map(({ name }) => markOf(name)), operatorsMark].some((mark) => text.includes(mark))
}

/** Nothing that waits for a run holds what is to be in a group's own store. */
export function checkInbox(facts: RunFacts | undefined, event: EngineEvent, report: Report): void {
  if (facts !== undefined && isKeptIn(facts.spec.graph, JSON.stringify(event)))
    report('groups-keep-to-themselves', `event ${event.id} waits with what is to be in the group's own store`)
}

/** What is private to a group stands in no checkpoint of a step outside of it, and of one with a store of its own in none at all. */
export function checkPrivacy(
  facts: RunFacts,
  { stored, checkpoint }: { readonly stored: StoredCheckpoint; readonly checkpoint: Checkpoint },
  { report, coverage }: { readonly report: Report; readonly coverage: Coverage },
): void {
  if (facts.spec.graph.groups === undefined) return
  const { step, decision, event, sequence } = checkpoint
  const node = step?.node ?? decision?.node ?? ''
  const isOperators = event.type.startsWith('run.')
  const holds = stored.text.includes(privateMark)
  const { graph } = facts.spec
  if (isKeptIn(graph, stored.text) || isKeptIn(graph, stored.keyframe ?? ''))
    report('groups-keep-to-themselves', `checkpoint ${sequence} holds what is to be in the group's own store`)
  if (isKeptIn(graph, JSON.stringify(checkpoint))) coverage.count('private value in the store of its group')
  if (holds) coverage.count('private value stored')
  for (const group of isOperators ? [] : strangersIn(facts, node, stored.text))
    report('groups-keep-to-themselves', `checkpoint ${sequence} of ${node} holds what is private to group ${group}`)
  const { error } = facts.context
  if (error === null) return
  if (error.message.includes('of group')) coverage.count('failure of a group told outside')
  if (error.message.includes(privateMark))
    report('groups-keep-to-themselves', `after ${sequence} the run's last error holds what is private to a group`)
}

/** Nothing outside of a group is asked with what is private to it. */
export function checkAskedOutside(
  facts: RunFacts | undefined,
  { node, input }: WorldCall,
  { report, coverage }: { readonly report: Report; readonly coverage: Coverage },
): void {
  if (facts?.spec.graph.groups === undefined) return
  for (const group of strangersIn(facts, node, JSON.stringify(input)))
    report('groups-keep-to-themselves', `${node} is asked with what is private to group ${group}`)
  if (strangersIn(facts, node, JSON.stringify(facts.context.state)).length === 0) return
  const isInside = facts.spec.graph.nodes[node]?.group !== undefined
  coverage.count(isInside ? 'private value kept from another group' : 'private value kept from an effect outside')
}
