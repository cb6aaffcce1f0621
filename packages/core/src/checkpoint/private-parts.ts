import type { JsonPath } from '../base/json.ts'
import { own } from '../base/own.ts'
import type { Graph } from '../graph/graph.ts'
import { groupAt } from '../graph/group-at.ts'
import { nestedIn } from '../graph/nested-graphs.ts'
import type { OpenStep, RunContext } from '../snapshot/snapshot.ts'
import { eventGroup } from './private-events.ts'

/** Where parts of a snapshot are looked for: one level of it, with the graph of its workflow. */
export interface PrivateScope {
  readonly graph: Graph
  /** After whatever is looked at. */
  readonly context: RunContext
  /** Of the whole run: who takes which event from outside. */
  readonly root: Graph
}

/** A part of a snapshot that is private to a group with a store of its own. */
export interface PrivatePart {
  readonly group: string
  /** How many keys of the path name the part. */
  readonly depth: number
  /**
   * What stands in its place: a `text` where any JSON may stand, `nothing` where readers expect a shape, `rest` where the part has fields that are
   * no secret. `fields`: as rest, and other fields of it may be changed for all to see. `key`: nothing, and its own name tells something too.
   */
  readonly leaves: 'text' | 'nothing' | 'rest' | 'fields' | 'key'
}

/** The group with a store of its own that a node is in. @param path - from the scope's graph */
export function storeGroupOf(graph: Graph, path: string): string | undefined {
  return graph.groups === undefined && graph.workflows === undefined ? undefined : groupAt(graph, path, 'store')
}

/** The group with a store of its own that a state key is private to. */
export function keyGroupOf({ state, groups }: Graph, key: string): string | undefined {
  const name = own(state, key)?.group
  return name !== undefined && own(groups ?? {}, name)?.own?.includes('store') === true ? name : undefined
}

/** Whether nodes outside may hear the verdict of a node of a group. */
export function isHeardOutside({ nodes, groups }: Graph, node: string): boolean {
  const group = own(nodes, node)?.group
  return group !== undefined && own(groups ?? {}, group)?.verdicts.includes(node) === true
}

type Finder = (scope: PrivateScope, path: JsonPath) => PrivatePart | undefined

/** The private part that a path leads to or into. @param path - below `context` */
export function privateAt(scope: PrivateScope, path: JsonPath): PrivatePart | undefined {
  return path.length < 2 ? undefined : own(finders, String(path[0]))?.(scope, path)
}

/** Whether a value at a path can hold private parts, while it is none itself. @param path - below `context` */
export function canHoldPrivate(path: JsonPath): boolean {
  const [part, , third, fourth] = path
  if (path.length < 2) return part === undefined || Object.hasOwn(finders, part)
  if (part === 'children') return path.length === 2 || (third === 'context' && canHoldPrivate(path.slice(3)))
  if (part === 'handoffs' || part === 'undone') return path.length === 2
  if (part !== 'forks') return false
  return path.length === 2 || (third === 'seen' && (path.length === 3 || (path.length === 4 && fourth === 'values')))
}

const finders: { readonly [part: string]: Finder } = {
  state: ({ graph }, [, key]) => part(keyGroupOf(graph, String(key)), 2, 'text'),
  private: ({ graph }, [, node]) => part(storeGroupOf(graph, String(node)), 2, 'nothing'),
  maps: ({ graph }, [, node]) => part(storeGroupOf(graph, String(node)), 2, 'nothing'),
  verdicts: ({ graph }, [, node]) =>
    isHeardOutside(graph, String(node)) ? undefined : part(storeGroupOf(graph, String(node)), 2, 'nothing'),
  open: stepPart,
  closing: stepPart,
  children: childPart,
  forks: ({ graph }, [, , seen, values, key]) =>
    seen === 'seen' && values === 'values' && key !== undefined
      ? part(keyGroupOf(graph, String(key)), 5, 'text')
      : undefined,
  cached: ({ context }, [, call]) => part(own(context.cached ?? {}, String(call))?.group, 2, 'key'),
  received: ({ context, root }, [, id]) => {
    const message = own(context.received ?? {}, String(id))
    return message === undefined ? undefined : part(eventGroup(root, message.event), 2, 'rest')
  },
  handoffs: handoffPart,
  rules: ({ graph, context }, [, index]) => {
    const rule = context.rules?.[Number(index)]
    return rule === undefined ? undefined : part(storeGroupOf(graph, rule.node), 2, 'rest')
  },
  degraded: ({ graph, context }, [, place]) => {
    const mark = own(context.degraded ?? {}, String(place))
    return mark === undefined ? undefined : part(storeGroupOf(graph, mark.node), 2, 'rest')
  },
  undone: ({ graph, context }, [, failed, index]) => {
    const undo = failed === 'failed' && index !== undefined ? context.undone?.failed?.[Number(index)] : undefined
    return undo?.error === undefined ? undefined : part(storeGroupOf(graph, undo.node), 3, 'rest')
  },
}

function part(group: string | undefined, depth: number, leaves: PrivatePart['leaves']): PrivatePart | undefined {
  return group === undefined ? undefined : { group, depth, leaves }
}

/** What an open step says beyond what it is and when it was asked for. */
const privateFields: ReadonlySet<string> = new Set(['approved', 'votes', 'questions', 'awaits', 'callId'])

/** The fields of an open step that say nothing of what it works on. */
export function publicFieldsOf(step: OpenStep): OpenStep {
  const entries = Object.entries(step).filter(([name]) => !privateFields.has(name))
  return Object.fromEntries(entries) as unknown as OpenStep
}

function stepPart({ graph, context }: PrivateScope, path: JsonPath): PrivatePart | undefined {
  const [ledger, index, field] = path
  const step = own(ledger === 'open' ? context.open : context.closing, String(index))
  if (step === undefined) return undefined
  if (field !== undefined)
    return privateFields.has(String(field)) ? part(storeGroupOf(graph, step.node), 3, 'nothing') : undefined
  for (const name in step) if (privateFields.has(name)) return part(storeGroupOf(graph, step.node), 2, 'fields')
  return undefined
}

function childPart(scope: PrivateScope, path: JsonPath): PrivatePart | undefined {
  const { graph, context, root } = scope
  const [, index, inside] = path
  const holder = own(context.open, String(index)) ?? own(context.closing, String(index))
  if (holder === undefined) return undefined
  const group = storeGroupOf(graph, holder.node)
  if (group !== undefined) return part(group, 2, 'nothing')
  const nested = nestedIn(graph, own(graph.nodes, holder.node))
  const child = own(context.children ?? {}, String(index))
  if (inside !== 'context' || nested === undefined || child === undefined) return undefined
  const found = privateAt({ graph: nested, context: child.context, root }, path.slice(3))
  return found === undefined ? undefined : { ...found, depth: found.depth + 3 }
}

/** What two agents of one group tell each other is theirs; a contract to or from outside is meant to cross. */
function handoffPart({ graph, context }: PrivateScope, [, list, index]: JsonPath): PrivatePart | undefined {
  if (index === undefined) return undefined
  const { handoffs } = context
  const [made, going] = [handoffs?.made[Number(index)], handoffs?.going?.[Number(index)]]
  const [from, to] = list === 'made' ? [made?.from, made?.to] : [going?.entry.from, going?.to]
  return from === undefined || to === undefined ? undefined : part(handoffGroup(graph, from, to), 3, 'rest')
}

/** The group that a handoff stays in; undefined: it crosses a border, or there is none. */
export function handoffGroup(graph: Graph, from: string, to: string): string | undefined {
  const group = storeGroupOf(graph, from)
  return group !== undefined && storeGroupOf(graph, to) === group ? group : undefined
}
