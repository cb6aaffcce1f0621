import type { Checkpoint, Json, JsonObject } from '@waystone/core'
import type { RunFacts } from './run-facts.ts'

type Operation = Checkpoint['patch'][number]
type Value = Exclude<Operation, readonly ['unset', unknown]>[2]
type Container = { [key: string | number]: unknown }

/**
 * Applies stored patches by the letter of the format, apart from the product's own code.
 *
 * @param before - null before the first checkpoint
 */
export function foldPatch(before: unknown, { patch, event }: Checkpoint): unknown {
  let root: unknown = before
  for (const operation of patch) root = changeAt(root, operation, { depth: 0, payload: event.payload })
  return root
}

interface Where {
  readonly depth: number
  readonly payload: unknown
}

function changeAt(target: unknown, operation: Operation, where: Where): unknown {
  const key = operation[1][where.depth]
  if (key === undefined) {
    if (operation[0] === 'unset') return undefined
    const value = valueOf(operation[2], where.payload)
    return operation[0] === 'set' ? value : [...(target as readonly unknown[]), ...(value as readonly unknown[])]
  }
  const copy: Container = Array.isArray(target)
    ? ([...(target as readonly unknown[])] as unknown as Container)
    : { ...(target as Container) }
  const next = changeAt(copy[key], operation, { ...where, depth: where.depth + 1 })
  if (next === undefined) delete copy[key]
  else copy[key] = next
  return copy
}

function valueOf(value: Value, payload: unknown): unknown {
  if ('v' in value) return value.v
  if ('l' in value) return value.l.map((item) => valueOf(item, payload))
  let found: unknown = payload
  for (const key of value.e) found = (found as Container)[key]
  return found
}

const withoutPatch = new Set(['failed', 'timeout', 'unknown', 'lost', 'did-not-happen'])

/** What an event writes to the state: a successful end's patch, or a person's. */
export function writtenBy({
  event,
  decision,
}: Checkpoint): { readonly patch: JsonObject; readonly unset: readonly string[] } | null {
  // A failure of the node itself (a patch that was refused) is what the decision says, whatever the event says.
  if (decision === null || decision.taken.endsWith(':freed') || withoutPatch.has(decision.outcome)) return null
  if (event.type === 'effect.ended') {
    const { outcome, patch = {}, unset = [] } = event.payload
    return withoutPatch.has(outcome) ? null : { patch, unset }
  }
  if (event.type === 'request.decided' && event.payload.outcome !== 'did-not-happen')
    return { patch: event.payload.patch ?? {}, unset: [] }
  return null
}

/** The state after a patch by the merge rules the workflows of simulations use. */
export function mergeInto(
  { spec }: RunFacts,
  state: JsonObject,
  change: { readonly patch: JsonObject; readonly unset: readonly string[] },
): JsonObject {
  const next: { [key: string]: Json } = { ...state }
  for (const [key, incoming] of Object.entries(change.patch)) {
    next[key] = mergeOne(spec.graph.state[key]?.merge.rule ?? 'replace', state[key], incoming)
  }
  for (const key of change.unset) delete next[key]
  return next
}

function mergeOne(rule: string, current: Json | undefined, incoming: Json): Json {
  const [before, after] = [Number(current ?? 0), Number(incoming)]
  const [list, items] = [(current ?? []) as readonly Json[], incoming as readonly Json[]]
  switch (rule) {
    case 'append':
      return [...list, ...items]
    case 'union':
      return [...new Set([...list, ...items])]
    case 'sum':
    case 'reducer':
      return before + after
    case 'max':
      return current === undefined ? incoming : Math.max(before, after)
    default:
      return incoming
  }
}
