import { own } from '../base/own.ts'
import { withIndexReplaced } from '../base/with-index.ts'
import type { Json } from '../base/json.ts'
import { compensationOf } from '../graph/compensations.ts'
import { shortestPointedString } from '../snapshot/diff.ts'
import type { Command } from '../snapshot/command.ts'
import { pieceOf, resultsAPiece, type OpenMap } from '../snapshot/open-map.ts'
import type { Patch, PatchOperation, PatchValue } from '../snapshot/patch.ts'
import type { OpenStep, RunContext } from '../snapshot/snapshot.ts'
import type { InsideEnd } from './ended.ts'
import { findLimitHit } from './limits.ts'
import { itemStep, needOfItem, reachedOutcome, stepsOf, withResult, type MapEnd } from './map-items.ts'
import { transitionNames } from './names.ts'
import type { RouteParts } from './route-parts.ts'
import { usageOf, withContext, withKey } from './steps.ts'

/**
 * The commonest move of a map, with one copy of each thing that it changes: an item has ended well, others go on, and one begins in its
 * place if there is any left. Pure. A short cut: planned the long way the same comes out, to the byte.
 *
 * @param context - the attempt is settled, and its step is still open
 * @returns undefined when there is more to it: then it is to be closed, and looked at in full
 */
export function replaceItem(parts: RouteParts, context: RunContext, stepEnd: MapEnd): InsideEnd | undefined {
  const { end, step, stepIndex, record, at } = stepEnd
  const map = own(context.maps ?? {}, record.id)
  // What waits for others to give something back is tried with each end.
  if (step.kind !== 'item' || end.outcome !== 'done' || map === undefined || context.short !== undefined)
    return undefined
  if (compensationOf(parts.graph, record, step.tool) !== undefined) return undefined
  const others = stepsOf(context, record) - 1
  const isLast = map.next >= map.items.length
  // Without others under way a limit may stand in the way; where there is room for several, one did.
  if (others === 0 || (!isLast && others + 1 < record.concurrency)) return undefined
  const terms = { record, visit: step.visit, at, need: needOfItem(parts.graph, record, context), list: undefined }
  // What the ended one has set aside is still counted here, so what this lets pass a full look does.
  if (!isLast && findLimitHit(parts.graph, context, terms) !== undefined) return undefined
  const output = end.output ?? end.result ?? null
  const counted = withResult(map, step.item ?? 0, output)
  if (reachedOutcome(record, counted, record.done === 'first' && end.isWanted === true) !== null) return undefined
  const { steps } = context
  const begun = isLast ? undefined : Object.freeze(itemStep(terms, map.next))
  const now = Object.freeze(isLast ? counted : { ...counted, next: map.next + 1 })
  const next = withContext(context, {
    steps: isLast ? steps : steps + 1,
    open: withIndexReplaced(context.open, stepIndex, begun === undefined ? undefined : [steps, begun]),
    maps: withKey(context.maps ?? {}, record.id, now),
  })
  const isQuiet = usageOf(step, end) === undefined && context.held === null
  const patch = isQuiet ? patchTo(next, stepEnd, { before: map, now, begun, output }) : undefined
  const changes =
    patch === undefined
      ? {}
      : { changes: { patch, commands: begun === undefined ? [] : [effectOf(next.steps - 1, begun)] } }
  const transition = transitionNames.item(record.id)
  return {
    type: 'inside',
    transition,
    context: next,
    before: context,
    need: null,
    ...changes,
  }
}

function effectOf(step: number, { node, attempt }: OpenStep): Command {
  return { type: 'effect', step, node, kind: 'item', attempt }
}

interface Replaced {
  readonly before: OpenMap
  readonly now: OpenMap
  readonly begun: OpenStep | undefined
  readonly output: Json
}

/** What such a move changes, as comparing would find it; undefined: that is to be compared. Order: that of the keys. */
function patchTo(next: RunContext, { stepIndex, step, record, end }: MapEnd, replaced: Replaced): Patch | undefined {
  const { before, now, begun, output } = replaced
  const item = step.item ?? 0
  const piece = pieceOf(item)
  // The first result of a piece makes the piece.
  if ((before.results[piece] ?? []).length === 0) return undefined
  const value = valueIn(output, end.output === undefined ? 'result' : 'output')
  if (value === undefined) return undefined
  const patch: PatchOperation[] = []
  const inMap = (key: string, changed: PatchValue, ...rest: readonly number[]): void => {
    patch.push(['set', ['context', 'maps', record.id, key, ...rest], changed])
  }
  for (const key in next) {
    if (key === 'steps' && begun !== undefined) patch.push(['set', ['context', 'steps'], { v: next.steps }])
    if (key === 'open') {
      patch.push(['unset', ['context', 'open', String(stepIndex)]])
      // A step is JSON by construction; its interface only lacks an index signature.
      if (begun !== undefined)
        patch.push(['set', ['context', 'open', String(next.steps - 1)], { v: begun as unknown as Json }])
    }
    if (key !== 'maps') continue
    for (const part in now) {
      if (part === 'next' && begun !== undefined) inMap(part, { v: now.next })
      if (part === 'done') inMap(part, { v: now.done })
      // Until then it was null.
      if (part === 'results' && output !== null) inMap(part, value, piece, item % resultsAPiece)
    }
  }
  return patch
}

/** An output as a patch has it: objects stand in the event, which shares them with nothing. Undefined: it may, somewhere. */
function valueIn(output: Json, key: string): PatchValue | undefined {
  if (typeof output === 'string' && output.length >= shortestPointedString) return undefined
  return typeof output === 'object' && output !== null ? { e: [key] } : { v: output }
}
