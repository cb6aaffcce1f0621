import { InputError, type Run } from '@waystone/core'
import type { RunRow } from '@waystone/core/store'
import type { Context } from '../command.ts'
import { loadConfig } from '../load/config-file.ts'
import { loadWorkflow, type LoadedWorkflow } from '../load/workflow-file.ts'
import { bindWorkflow, type BoundWorkflow } from './bind-workflow.ts'
import { findRun } from './find-run.ts'
import { tagNames } from './tag-names.ts'

/** Options of commands that find a run's workflow again. */
export interface RunOptions {
  readonly store?: string
  readonly file?: string
  readonly live?: boolean
}

/** A stored run with its workflow, ready to be driven. */
export interface OpenedRun {
  readonly row: RunRow
  readonly bound: BoundWorkflow
  readonly run: Run
}

/** Finds a run in the store of the configuration above the working folder. */
export async function openRow(reference: string, options: RunOptions, context: Context): Promise<RunRow> {
  const configStore = options.store === undefined ? (await loadConfig(context.around.cwd)).config.store : undefined
  return findRun(await context.store(configStore), reference)
}

/**
 * Loads the workflow of a run: from the file it was started from, or from `--file`.
 *
 * @throws {InputError} WAYSTONE_INPUT_WORKFLOW_MISSING when the run does not say where it came from
 */
export async function workflowOf(row: RunRow, { file }: RunOptions, context: Context): Promise<LoadedWorkflow> {
  const reference = file ?? row.tags[tagNames.module]
  if (reference !== undefined) return loadWorkflow(reference, context.around.cwd)
  const message = `run ${row.runId} was not started by this command and does not say which file defines ${row.workflow}; say it with --file FILE`
  throw new InputError('WAYSTONE_INPUT_WORKFLOW_MISSING', message, { runId: row.runId })
}

/** Opens a run so that it can be driven here. A run that was started with live models needs `--live` again. */
export async function openRun(row: RunRow, options: RunOptions, context: Context): Promise<OpenedRun> {
  const bound = await bindWorkflow(await workflowOf(row, options, context), { isLive: options.live ?? false }, context)
  return { row, bound, run: await bound.runtime.open(row.runId) }
}

/** True when a run uses real models and `--live` was not given: it must not go on with stand-ins, nor spend money unasked. */
export function lacksLive(row: RunRow, { live }: RunOptions): boolean {
  return row.tags[tagNames.models] === 'live' && live !== true
}
