import { forkRun, readHistory } from '@waystone/core'
import { lacksLive, openRow, openRun, type RunOptions } from '../bind/open-run.ts'
import { tagNames } from '../bind/tag-names.ts'
import type { CommandDefinition, CommonOptions } from '../command.ts'
import { readCount, readJsonObject } from '../json-argument.ts'
import { driveRun } from '../live/drive.ts'
import { personName } from '../live/person-name.ts'
import { liveAdvice } from './resume.ts'

interface ForkCommandOptions extends CommonOptions, RunOptions {
  readonly at?: string
  readonly patch?: string
  readonly reason?: string
  readonly by?: string
  readonly detach?: boolean
  readonly override?: readonly string[]
  readonly afterUndo?: boolean
}

/** `waystone fork RUN`. */
export const fork: CommandDefinition<ForkCommandOptions> = {
  examples: [
    ['fork last --at 12', 'try again from checkpoint 12; nothing before it runs again'],
    [`fork 01k9 --at 12 --patch '{"amountUsd":40}' --reason "what if it were small?"`, 'with another state'],
  ],
  configure: (command) =>
    command
      .argument('<run>', 'id, beginning of an id, or "last"')
      .requiredOption('--at <sequence>', 'the checkpoint to go on from')
      .option('--patch <json>', 'state keys set anew: a JSON object, or @file')
      .option('--reason <text>', 'why; stored with the fork', 'forked by hand')
      .option('--by <name>', 'who forks (default: $WAYSTONE_BY, else the account)')
      .option('--override <tool...>', 'tools whose policies the fork may break; recorded')
      .option('--after-undo', 'fork although what was done by then has been undone since; recorded')
      .option('--detach', 'only make the new run; do not go on with it here')
      .option('--file <file>', 'the workflow, when it has moved: FILE or FILE#export')
      .option('--live', 'go on with real models; needed for runs that were started with them'),
  async run([reference = ''], options, context) {
    const { around } = context
    const at = readCount(options.at ?? '', '--at')
    const patch =
      options.patch === undefined
        ? undefined
        : readJsonObject({ text: options.patch, option: '--patch', cwd: around.cwd })
    const row = await openRow(reference, options, context)
    const isDetached = options.detach === true || lacksLive(row, options)
    const { bound } = await openRun(
      row,
      isDetached ? { ...options, live: row.tags[tagNames.models] === 'live' } : options,
      context,
    )
    try {
      const newId = await forkRun(bound.runtime, row.runId, {
        at,
        by: options.by ?? personName(around),
        reason: options.reason ?? '',
        ...(patch === undefined ? {} : { patch }),
        ...(options.afterUndo === true && { afterUndo: true }),
        ...(options.override === undefined ? {} : { override: options.override }),
      })
      const line = `run ${newId}  ${context.style('quiet', `fork of ${row.runId} at checkpoint ${at}`)}`
      if (context.isJson) context.note(line)
      else context.print(line)
      if (isDetached) {
        const made = await readHistory(bound.runtime.store, newId)
        context.json({ runId: newId, forkedFrom: { runId: row.runId, sequence: at }, status: made.row.status })
        context.print(
          options.detach === true ? `Go on with: ${context.advise(`resume ${newId}`)}` : liveAdvice(made.row, context),
        )
        return 'done'
      }
      const run = await bound.runtime.open(newId)
      await run.resume()
      return await driveRun(run, bound, { context })
    } finally {
      await bound.close()
    }
  },
}
