import type { Acceptance } from '@waystone/core'
import { operateBy, operateOptions, type OperateOptions } from '../bind/operate.ts'
import type { OpenedRun } from '../bind/open-run.ts'
import type { CommandDefinition, Context } from '../command.ts'
import type { ExitName } from '../exit-codes.ts'
import { driveRun } from '../live/drive.ts'

/** `waystone cancel RUN`. */
export const cancel: CommandDefinition<OperateOptions> = {
  examples: [['cancel last --reason "the customer withdrew"', 'end a run for good, and undo what it did']],
  configure: operateOptions,
  run: ([reference = ''], options, context) =>
    operateBy(
      'cancel',
      {
        reference,
        options,
        make: (run, by) => run.cancel(by),
        goOn: (opened, acceptance) => undoHere(opened, acceptance, context),
      },
      context,
    ),
}

/** What the run did is undone by whoever drives it: this process, when nobody else does. */
async function undoHere(
  { run, bound }: OpenedRun,
  acceptance: Acceptance,
  context: Context,
): Promise<ExitName | undefined> {
  const { compensation } = await run.status()
  if (acceptance.type !== 'applied' || compensation === undefined) return undefined
  context.print(`cancel applied at checkpoint ${acceptance.sequence}; run ${run.runId} undoes what it did.`)
  const quiet: Context = { ...context, json: () => undefined }
  const exit = await driveRun(run, bound, { context: quiet, options: { after: acceptance.sequence } })
  if (exit === 'interrupted' || exit === 'unfinished') return exit
  const { failed = [] } = (await run.status()).compensation ?? {}
  return failed.length === 0 ? 'done' : 'failed'
}
