import { canonicalJson, type JsonObject } from '../base/json.ts'
import type { RunId } from '../base/ids.ts'
import { readCheckpoints } from '../checkpoint/load.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import { inputError } from '../errors/input-error.ts'
import type { Engine } from './engine.ts'

/** Longest part of an input that a message shows, characters. */
const longestShown = 200

/** A start whose key another one had taken. */
export interface SecondStart {
  /** The run of the first. */
  readonly runId: RunId
  readonly key: string
  /** Parsed. */
  readonly input: JsonObject
}

/**
 * Refuses a start with a key that was given to another input: the caller would take the result of one for that of the other. A run of
 * another version of the workflow is not compared, since its input was parsed by other schemas.
 *
 * @throws {InputError} WAYSTONE_INPUT_KEY_TAKEN naming the run and both inputs
 * @throws {StoreError} when the run cannot be read
 */
export async function checkSameStart(
  { store }: Engine,
  { graph, hashes }: CompiledWorkflow,
  { runId, key, input }: SecondStart,
): Promise<void> {
  const row = await store.row(runId)
  if (row === undefined || row.graphHash !== hashes.graph) return
  const [first] = await readCheckpoints(store, await store.checkpoints(runId, 0, 0), row.graphHash)
  if (first?.checkpoint.event.type !== 'run.started') return
  const [before, now] = [canonicalJson(first.checkpoint.event.payload.input), canonicalJson(input)]
  if (before === now) return
  throw inputError(
    'WAYSTONE_INPUT_KEY_TAKEN',
    `key ${JSON.stringify(key)} of workflow ${JSON.stringify(graph.name)} belongs to run ${runId}, which was started with ${shorten(before)}, not with ${shorten(now)}`,
    { runId, key },
  )
}

function shorten(text: string): string {
  return text.length <= longestShown ? text : `${text.slice(0, longestShown)}…`
}
