import { eventDefinitionOf } from '../define/event.ts'
import type { Place } from '../errors/definition-error.ts'
import { collectEvent } from './build-events.ts'
import { readJoin } from './build-fork.ts'
import type { BuildScope } from './build-scope.ts'
import { forkTarget, type EdgeRecord, type Target } from './graph.ts'
import { within, type Written } from './read-config.ts'

/** What an edge that emits an event comes to: an edge to the one node that is on it, or a fork of all that are. */
export interface BuiltEmit {
  readonly to: Target
  readonly fork: NonNullable<EdgeRecord['fork']> | null
  readonly emits: string
}

/** Remembers the events that a node is on. @param written - what it gives as `on` */
export function subscribe(
  scope: BuildScope,
  { id, written, place }: { readonly id: string; readonly written: unknown; readonly place: Place },
): void {
  if (written === undefined) return
  const at = within(place, 'on')
  for (const event of Array.isArray(written) ? (written as readonly unknown[]) : [written]) {
    const name = collectSignal(scope, event, at)
    if (name === undefined) continue
    const nodes = scope.subscribers.get(name) ?? []
    if (!nodes.includes(id)) scope.subscribers.set(name, [...nodes, id])
  }
}

/** Reads an edge that emits; undefined when it leads nowhere. */
export function buildEmit(scope: BuildScope, options: Written): BuiltEmit | undefined {
  const { emit, join } = options.config
  const name = collectSignal(scope, emit, within(options.place, 'emit'))
  if (name === undefined) return undefined
  scope.emitted.add(name)
  const nodes = scope.subscribers.get(name) ?? []
  const [first, ...others] = nodes
  if (first === undefined)
    return refuse(
      options,
      `${options.subject} emits ${JSON.stringify(name)}, and no node is on it`,
      `Give a node on: ${name}.`,
    )
  if (join !== undefined) {
    const meeting = readJoin(scope, options, join)
    return meeting === undefined ? undefined : { to: forkTarget, fork: { branches: nodes, join: meeting }, emits: name }
  }
  if (others.length === 0) return { to: first, fork: null, emits: name }
  return refuse(
    options,
    `${options.subject} emits ${JSON.stringify(name)} to ${nodes.join(', ')} and names no join`,
    'Give the edge a join: n.merge, made with w.join(…), where they meet.',
  )
}

/** Reports events that nodes are on and no edge emits. */
export function checkSubscribers(scope: BuildScope): void {
  for (const [name, nodes] of scope.subscribers) {
    if (scope.emitted.has(name)) continue
    scope.issues.add('WAYSTONE_DEFINITION_BAD_EMIT', scope.events.get(name)?.place ?? scope.place, {
      message: `${nodes.join(', ')} ${nodes.length === 1 ? 'is' : 'are'} on ${JSON.stringify(name)}, which no edge emits`,
      hint: 'Emit it on an edge: done: { emit: event }. What comes from outside is taken by w.wait({ for: event }).',
    })
  }
}

function collectSignal(scope: BuildScope, written: unknown, place: Place): string | undefined {
  const name = collectEvent(scope, written, place)
  if (name === undefined || eventDefinitionOf(written)?.payload === undefined) return name
  scope.issues.add('WAYSTONE_DEFINITION_BAD_EMIT', place, {
    message: `event ${JSON.stringify(name)} carries something, so no edge can emit it`,
    hint: 'Make it without a schema: what nodes tell each other is the state.',
  })
  return undefined
}

function refuse({ issues, place }: Written, message: string, hint: string): undefined {
  issues.add('WAYSTONE_DEFINITION_BAD_EMIT', place, { message, hint })
}
