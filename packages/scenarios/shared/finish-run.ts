import { contextsOf, readHistory, type History } from '@waystone/core'
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

/** What a run waits for. */
export interface Waiting {
  readonly node: string
  /** Whether it is asked what became of an effect. */
  readonly isUnknown: boolean
  /** For a call of an agent. */
  readonly tool: string | undefined
}

/** What a person says when a run waits: the command and its arguments after the run's id. */
export type Answering = (waiting: Waiting) => { readonly command: string; readonly args: readonly string[] }

/**
 * Brings a run to its end with the command alone: `waystone resume`, and what a person answers whenever it waits.
 *
 * @returns the run at its end
 */
export async function finishRun(path: string, answering: Answering, options: ProgramOptions): Promise<StoredRun> {
  for (let round = 0; round < 12; round++) {
    const run = await readRun(path)
    if (run === undefined) throw new RangeError(`there is no run in ${path}`)
    const { context } = run.history.at(run.history.last).snapshot
    if (context.ending !== null) return run
    const open = contextsOf(context).flatMap((one) => Object.entries(one.open))
    // What can go on goes on first, as it does where nobody is at hand to be asked.
    const isResting = run.history.row.status === 'waiting'
    const [step, asked] =
      open.find(([, { kind, approved }]) => kind === 'resolve' || (kind === 'approval' && approved === undefined)) ?? []
    // Nobody is to be asked any more: the command would find a timer that is not due.
    if (isResting && asked === undefined)
      await until(Math.min(...open.map(([, { expiresAt }]) => expiresAt ?? Infinity)))
    const said =
      asked === undefined || !isResting
        ? { command: 'resume', args: [] }
        : withStep(step ?? '', answering({ node: asked.node, isUnknown: asked.kind === 'resolve', tool: asked.tool }))
    const end = await waystone([said.command, run.runId, ...said.args, '--store', path], options)
    const hasEnded = (await readRun(path))?.history.row.status === 'failed'
    // A run that is to fail ends the command with 1.
    if (end.code !== 0 && end.code !== 3 && !(hasEnded && end.code === 1))
      throw new RangeError(`waystone ${said.command} ended with ${end.code}: ${end.output}`)
  }
  throw new RangeError(`the run in ${path} does not come to its end`)
}

/** Resolves when a moment has come. @param at - ms since the epoch */
function until(at: number): Promise<void> {
  return new Promise((resolve) => void setTimeout(resolve, Math.max(0, at - Date.now())))
}

function withStep(step: string, { command, args }: ReturnType<Answering>): ReturnType<Answering> {
  return { command, args: ['--step', step, ...args] }
}

/** Effect ids whose end is stored. */
export function endedEffects({ runId, history }: StoredRun): ReadonlySet<string> {
  return new Set(
    history.checkpoints.flatMap(({ event, step, sequence }) => {
      if (event.type !== 'effect.ended') return []
      if (step?.kind !== 'item') return [`${runId}/${event.payload.step}`]
      const { context } = history.at(sequence - 1).snapshot
      const held = contextsOf(context).find(({ open }) => open[step.index] !== undefined)
      const map = held?.maps?.[held.open[step.index]?.node ?? '']
      return [`${runId}/${map?.step ?? ''}/${step.item ?? ''}`]
    }),
  )
}

/** The state at the end, with the run's id taken out so that two runs compare. */
export function finalState({ runId, history }: StoredRun): unknown {
  const { state } = history.at(history.last).snapshot.context
  return JSON.parse(JSON.stringify(state).replaceAll(runId, 'RUN'))
}
