import type { Json, Receipt, Run, SendOptions } from '@waystone/core'
import { lacksLive, openRow, openRun, type RunOptions } from '../bind/open-run.ts'
import { awaitOwner } from '../bind/await-owner.ts'
import { goOnAfterRefusal, takeOver } from '../bind/go-on.ts'
import { tagNames } from '../bind/tag-names.ts'
import type { CommandDefinition, CommonOptions, Context } from '../command.ts'
import type { ExitName } from '../exit-codes.ts'
import { readJson } from '../json-argument.ts'
import { driveRun } from '../live/drive.ts'
import { personName } from '../live/person-name.ts'
import { printable, printableLine } from '../output/printable.ts'
import { oldFileHint } from '../output/report-error.ts'

interface SendEventOptions extends CommonOptions, RunOptions {
  readonly payload?: string
  readonly id?: string
  readonly key?: string
  readonly by?: string
  readonly detach?: boolean
}

/** `waystone send RUN EVENT`. */
export const send: CommandDefinition<SendEventOptions> = {
  examples: [
    [`send last paid --payload '{"amountUsd":20}' --key o-1`, 'send an event, then go on with the run'],
    ['send 01k9 cancelled --id msg-17 --detach', 'send it once, however often this is called; go on later'],
  ],
  configure: (command) =>
    command
      .argument('<run>', 'id, beginning of an id, or "last"')
      .argument('<event>', 'name of an event that a wait of the workflow takes')
      .option('--payload <json>', 'what it carries: JSON, or @file (default: nothing)')
      .option('--id <id>', 'its id where it comes from: a second one with it is dropped')
      .option('--key <key>', 'what it is about, for waits that have a key')
      .option('--by <name>', 'who sends it (default: $WAYSTONE_BY, else the account)')
      .option('--detach', 'only hand it over; do not go on with the run here')
      .option('--file <file>', 'the workflow, when it has moved: FILE or FILE#export')
      .option('--live', 'use real models; needed for runs that were started with them'),
  async run([reference = '', event = ''], options, context) {
    const row = await openRow(reference, options, context)
    const isRecordedOnly = options.detach === true || lacksLive(row, options)
    const { run, bound } = await openRun(
      row,
      isRecordedOnly ? { ...options, live: row.tags[tagNames.models] === 'live' } : options,
      context,
    )
    try {
      const payload = payloadOf(options, context)
      const sent: SendOptions = {
        ...(options.id !== undefined && { id: options.id }),
        ...(options.key !== undefined && { key: options.key }),
        by: options.by ?? personName(context.around),
        through: 'cli',
        isRecordedOnly,
      }
      const handed = await run.send(event, payload, sent)
      const receipt = isRecordedOnly ? handed : await awaitOwner(run, handed, context)
      const isKept = receipt.type === 'delivered' && receipt.message !== undefined
      if (isKept && !isRecordedOnly) {
        context.note(`event ${printableLine(event)} is not received: ${printable(receipt.message ?? '')}`, oldFileHint)
        context.json({ runId: run.runId, event, receipt })
        return 'unfinished'
      }
      const exit = say(receipt, { event, run, context })
      if (exit !== null) {
        context.json({ runId: run.runId, event, receipt })
        if (exit === 'failed' && !isRecordedOnly)
          await goOnAfterRefusal({ run, bound }, { context, after: row.sequence })
        return exit
      }
      if (isRecordedOnly) {
        const live = lacksLive(row, options) ? ' --live' : ''
        context.print(`Go on with: ${context.advise(`resume ${run.runId}${live}`)}`)
        context.json({ runId: run.runId, event, receipt })
        return 'done'
      }
      await takeOver(run, context)
      return await driveRun(run, bound, { context, options: { after: row.sequence } })
    } finally {
      await bound.close()
    }
  },
}

function payloadOf({ payload }: SendEventOptions, { around }: Context): Json {
  return payload === undefined ? null : readJson({ text: payload, option: '--payload', cwd: around.cwd })
}

/** Says what became of it. @returns how the command ends because of that; null: it goes on */
function say(
  receipt: Receipt,
  { event, run, context }: { readonly event: string; readonly run: Run; readonly context: Context },
): ExitName | null {
  const tell = (line: string): void => (context.isJson ? context.note(line) : context.print(line))
  const name = printableLine(event)
  switch (receipt.type) {
    case 'applied':
      tell(`event ${name} received at checkpoint ${receipt.sequence}`)
      return null
    case 'delivered':
      tell(`event ${name} handed over to run ${run.runId}`)
      return null
    case 'duplicate':
      tell(`an event with this id had come to run ${run.runId} before; nothing changed`)
      return 'done'
    case 'refused':
      context.note(`${context.style('bad', 'refused')} (${receipt.reason}): ${printable(receipt.message)}`)
      return 'failed'
  }
}
