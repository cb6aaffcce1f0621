import { readHistory, type History } from '@waystone/core'
import { createSqliteStore } from '@waystone/sqlite'
import { waystone, type ProgramOptions } from './programs.ts'

/** A run in a store that nothing drives. */
export interface StoredRun {
  readonly runId: string
  readonly history: History
}

/** The newest run of a store, read in this process; undefined: there is none. */
export async function readRun(path: string): Promise<StoredRun | undefined> {
  const store = createSqliteStore({ path })
  try {
    const [row] = (await store.list({})).rows
    return row === undefined ? undefined : { runId: row.runId, history: await readHistory(store, row.runId) }
  } finally {
    await store.close()
  }
}

/** What a person says when a run waits: the command and its arguments after the run's id. */
export type Answering = (
  node: string,
  isUnknown: boolean,
) => { readonly command: string; readonly args: readonly string[] }

/**
 * Brings a run to its end with the command alone: `waystone resume`, and what a person answers whenever it waits.
 *
 * @returns the run at its end
 */
export async function finishRun(path: string, answering: Answering, options: ProgramOptions): Promise<StoredRun> {
  for (let round = 0; round < 8; round++) {
    const run = await readRun(path)
    if (run === undefined) throw new RangeError(`there is no run in ${path}`)
    const { context } = run.history.at(run.history.last).snapshot
    if (context.ending !== null) return run
    const asked = Object.values(context.open).find(({ kind }) => kind === 'approval' || kind === 'resolve')
    const said = asked === undefined ? { command: 'resume', args: [] } : answering(asked.node, asked.kind === 'resolve')
    const end = await waystone([said.command, run.runId, ...said.args, '--store', path], options)
    if (end.code !== 0 && end.code !== 3)
      throw new RangeError(`waystone ${said.command} ended with ${end.code}: ${end.output}`)
  }
  throw new RangeError(`the run in ${path} does not come to its end`)
}

/** Effect ids whose end is stored. */
export function endedEffects({ runId, history }: StoredRun): ReadonlySet<string> {
  return new Set(
    history.checkpoints.flatMap(({ event }) =>
      event.type === 'effect.ended' ? [`${runId}/${event.payload.step}`] : [],
    ),
  )
}

/** The state at the end, with the run's id taken out so that two runs compare. */
export function finalState({ runId, history }: StoredRun): unknown {
  const { state } = history.at(history.last).snapshot.context
  return JSON.parse(JSON.stringify(state).replaceAll(runId, 'RUN'))
}
