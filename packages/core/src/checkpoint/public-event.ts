import type { Json, JsonObject, JsonPath } from '../base/json.ts'
import { own } from '../base/own.ts'
import type { Graph } from '../graph/graph.ts'
import { nodeAt } from '../graph/nested-graphs.ts'
import type { EffectEnd, EngineEvent, PersonDecision } from '../snapshot/event.ts'
import type { RunContext } from '../snapshot/snapshot.ts'
import { eventGroup } from './private-events.ts'
import { isHeardOutside, keyGroupOf, storeGroupOf } from './private-parts.ts'
import { clearPart, errorWithout, privateText, type Withheld } from './withheld.ts'

/** An event as everybody may read it, and what was taken out of it. */
export interface PublicEvent {
  readonly event: EngineEvent
  /** Paths begin at the event. */
  readonly withheld: readonly Withheld[]
}

/** What an event says of itself depends on. */
export interface EventFacts {
  readonly graph: Graph
  /** Path of the node whose step it is about; undefined: of none, or of one that nobody knows any more. */
  readonly node: string | undefined
  /** What the event gave as a handoff is meant for nodes outside. */
  readonly handsOut?: boolean
}

/** Path of the node that a step of a run is of; undefined: it is neither open nor closing. */
export function nodeOfStep({ open, closing, children }: RunContext, step: number): string | undefined {
  const here = own(open, step) ?? own(closing, step)
  if (here !== undefined) return here.node
  for (const index in children) {
    const child = children[index]
    const inside = child === undefined ? undefined : nodeOfStep(child.context, step)
    const holder = own(open, index) ?? own(closing, index)
    if (inside !== undefined && holder !== undefined) return `${holder.node}/${inside}`
  }
  return undefined
}

/** Takes what is private to groups with stores of their own out of an event. The event itself is given back when there is none. */
export function publicEvent(event: EngineEvent, facts: EventFacts): PublicEvent {
  const { graph, node } = facts
  switch (event.type) {
    case 'effect.ended': {
      const group = node === undefined ? undefined : storeGroupOf(graph, node)
      return group === undefined ? nothing(event) : whole(event, group, publicEnd(event.payload, { ...facts, group }))
    }
    case 'request.decided': {
      const group = node === undefined ? undefined : storeGroupOf(graph, node)
      return group === undefined
        ? nothing(event)
        : whole(event, group, publicDecision(event.payload, { ...facts, group }))
    }
    case 'request.asked':
    case 'request.answered': {
      const group = node === undefined ? undefined : storeGroupOf(graph, node)
      if (group === undefined) return nothing(event)
      const text = privateText(group)
      return whole(event, group, { ...event.payload, text, ...('digest' in event.payload && { digest: text }) })
    }
    case 'event.received': {
      const { message } = event.payload
      const group = eventGroup(graph, message.event)
      if (group === undefined) return nothing(event)
      const left = { ...message, key: null, payload: privateText(group) }
      return {
        // Who sent it, and through what, is said as of decisions.
        event: { ...event, payload: { ...event.payload, message: left } },
        withheld: [{ group, path: ['payload', 'message'], value: asJson(message) }],
      }
    }
    case 'run.patch':
      return withKeys(event, graph, 'state')
    case 'run.forked':
      return publicFork(event, graph)
    case 'run.started':
    case 'timer.due':
    case 'run.hold':
    case 'run.release':
    case 'run.redirect':
    case 'rule.revoke':
    case 'run.cancel':
      return nothing(event)
  }
}

function nothing(event: EngineEvent): PublicEvent {
  return { event, withheld: [] }
}

/** Parts of an event are JSON by construction; their interfaces only lack an index signature. */
function asJson(value: object): Json {
  return value as unknown as Json
}

function whole(event: EngineEvent, group: string, payload: object): PublicEvent {
  return {
    event: { ...event, payload } as unknown as EngineEvent,
    withheld: [{ group, path: ['payload'], value: asJson(event.payload) }],
  }
}

interface OwnFacts extends EventFacts {
  readonly group: string
}

/** State keys that a step of the group wrote: those that it exports stand as they are. */
function publicKeys(keys: JsonObject | undefined, { graph, node, group }: OwnFacts): JsonObject | undefined {
  const place = node === undefined ? undefined : nodeAt(graph, node)
  // Of a workflow nested in the group nothing is anybody else's.
  if (keys === undefined || place === undefined || place.node.group !== group) return undefined
  const text = privateText(group)
  return Object.fromEntries(
    Object.entries(keys).map(([key, value]) => [key, keyGroupOf(place.graph, key) === undefined ? value : text]),
  )
}

function publicEnd(end: EffectEnd, facts: OwnFacts): object {
  const { graph, node, group, handsOut } = facts
  const { step, attempt, outcome, startedAt, usage, model, asked, error, retryAfterMs, verdict, handoff } = end
  const place = node === undefined ? undefined : nodeAt(graph, node)
  const patch = publicKeys(end.patch, facts)
  const isHeard = place !== undefined && place.node.group === group && isHeardOutside(place.graph, place.node.id)
  return {
    step,
    attempt,
    outcome,
    ...(patch !== undefined && { patch }),
    ...(patch !== undefined && end.unset !== undefined && { unset: end.unset }),
    ...(verdict !== undefined && isHeard && { verdict }),
    ...(handoff !== undefined && handsOut === true && { handoff }),
    ...(end.isCached !== undefined && { isCached: end.isCached }),
    ...(error !== undefined && { error: errorWithout(error, privateText(group)) }),
    ...(end.mayHaveHappened !== undefined && { mayHaveHappened: end.mayHaveHappened }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(usage !== undefined && { usage }),
    ...(model !== undefined && { model }),
    ...(asked !== undefined && { asked }),
    ...(end.fallback !== undefined && { fallback: end.fallback }),
    ...(end.isUnsent !== undefined && { isUnsent: end.isUnsent }),
    startedAt,
  }
}

function publicDecision(decision: PersonDecision, facts: OwnFacts): object {
  const { step, outcome, by, through } = decision
  const text = privateText(facts.group)
  const patch = publicKeys(decision.patch, facts)
  return {
    step,
    outcome,
    digest: text,
    reason: text,
    ...(patch !== undefined && { patch }),
    by,
    ...(decision.for !== undefined && { for: decision.for }),
    through,
  }
}

function withKeys(
  event: Extract<EngineEvent, { type: 'run.patch' | 'run.forked' }>,
  graph: Graph,
  field: 'state' | 'patch',
): PublicEvent {
  const given = (event.payload as unknown as { readonly [name: string]: JsonObject })[field] ?? {}
  const withheld: Withheld[] = []
  const entries = Object.entries(given).map(([key, value]): readonly [string, Json] => {
    const group = keyGroupOf(graph, key)
    if (group === undefined) return [key, value]
    withheld.push({ group, path: ['payload', field, key], value })
    return [key, privateText(group)]
  })
  if (withheld.length === 0) return nothing(event)
  const payload = { ...event.payload, [field]: Object.fromEntries(entries) }
  return { event: { ...event, payload } as unknown as EngineEvent, withheld }
}

function publicFork(event: Extract<EngineEvent, { type: 'run.forked' }>, graph: Graph): PublicEvent {
  const patched = withKeys(event, graph, 'patch')
  const { value, context } = event.payload.snapshot
  const cleared = clearPart({ graph, context, root: graph }, [], asJson(context))
  if (cleared.withheld.length === 0) return patched
  const at: JsonPath = ['payload', 'snapshot', 'context']
  const payload = { ...patched.event.payload, snapshot: { value, context: cleared.value } }
  return {
    event: { ...patched.event, payload } as unknown as EngineEvent,
    withheld: [...patched.withheld, ...under(at, cleared.withheld)],
  }
}

/** The same places, named from further out. */
export function under(start: JsonPath, withheld: readonly Withheld[]): readonly Withheld[] {
  return withheld.map((one) => ({ ...one, path: [...start, ...one.path] }))
}
