import { canonicalJson } from '../base/json.ts'
import type { RunId } from '../base/ids.ts'
import type { Store } from '../checkpoint/store.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import type { EngineEvent, OutsideEvent } from '../snapshot/event.ts'
import { findEvent } from './became-of.ts'
import type { Receipt } from './runtime.ts'
import { asParsed } from './send-event.ts'

/**
 * What became of an event from outside whose id had come to the run before: nothing, when it says the same; else it is refused, since two events under one id are
 * two events, and one of them would be lost unseen. Where the schemas are not known here the two are not compared.
 *
 * Cost: O(checkpoints).
 *
 * @returns undefined: no event with this id has come
 * @throws {StoreError} WAYSTONE_STORE_CORRUPT
 */
export async function secondReceipt(
  store: Store,
  { runId, compiled }: { readonly runId: RunId; readonly compiled: CompiledWorkflow },
  { id, payload: now }: ReceivedEvent,
): Promise<Receipt | undefined> {
  const refused = (await store.refused(runId)).find((one) => one.id === id)
  if (refused !== undefined) {
    const message = `an event with id ${idText(id)} had come before and was refused: ${refused.message}`
    return { type: 'refused', reason: refused.reason, message }
  }
  const before = await earlierEvent(store, runId, id)
  if (before === undefined) return undefined
  if (compiled.isWithoutFunctions === true) return { type: 'duplicate' }
  const differing = differences(asParsed(compiled, before.payload), asParsed(compiled, now))
  if (differing.length === 0) return { type: 'duplicate' }
  const message = `id ${idText(id)} belongs to an event that came to the run before, with another ${differing.join(', ')}; one id is for one event`
  return { type: 'refused', reason: 'id-taken', message }
}

type ReceivedEvent = Extract<EngineEvent, { readonly type: 'event.received' }>

/** As it stands in the inbox, or in the history once it is used up. */
async function earlierEvent(store: Store, runId: RunId, id: string): Promise<ReceivedEvent | undefined> {
  const waiting = (await store.inbox([runId])).get(runId)?.find((event) => event.id === id)
  if (waiting !== undefined) return waiting.type === 'event.received' ? waiting : undefined
  const row = await store.row(runId)
  if (row === undefined) return undefined
  const used = await findEvent(store, { runId, from: 0, to: row.sequence, graphHash: row.graphHash }, id)
  return used?.event.type === 'event.received' ? used.event : undefined
}

/** In what the two differ. Not a word of the one before, nor a hash, from which a short value can be guessed: whoever knows an id may be nobody to read it. */
function differences({ message: before }: OutsideEvent, { message: now }: OutsideEvent): readonly string[] {
  const differing: string[] = []
  if (before.event !== now.event) differing.push('name')
  if (before.key !== now.key) differing.push('key')
  if (canonicalJson(before.payload) !== canonicalJson(now.payload)) differing.push('payload')
  return differing
}

function idText(id: string): string {
  return JSON.stringify(id.replace(/^sent\//, ''))
}
