import { createRuntime } from '@waystone/core'
import { openRow, type RunOptions } from '../bind/open-run.ts'
import { wholeStore } from '../bind/whole-store.ts'
import type { CommandDefinition, CommonOptions } from '../command.ts'
import { printable, printableLine } from '../output/printable.ts'
import { counted } from '../output/usage-text.ts'

interface DeleteOptions extends CommonOptions, RunOptions {
  readonly force?: boolean
}

/** `waystone delete RUN`. Named so because `delete` is a word of the language. */
export const deleteCommand: CommandDefinition<DeleteOptions> = {
  examples: [
    ['delete 01k9', 'delete a run that has ended; there is no way back. Long-term memory and forks of it stay'],
    ['delete 01k9 --force', 'one that has not ended, or that a process drives, too'],
  ],
  configure: (command) =>
    command
      .argument('<run>', 'id, beginning of an id, or "last"')
      .option('--force', 'also when it has not ended, or a process drives it'),
  async run([reference = ''], options, context) {
    const row = await openRow(reference, options, context)
    const runtime = createRuntime({ store: await wholeStore(row, options, context) })
    try {
      const deletion = await runtime.delete(row.runId, { isForced: options.force === true })
      context.json({ runId: row.runId, deletion })
      if (deletion.type === 'refused') {
        context.note(`${context.style('bad', 'refused')} (${deletion.reason}): ${printable(deletion.message)}`)
        return 'failed'
      }
      const values = deletion.blobs === 0 ? '' : ` and ${counted(deletion.blobs, 'large value')}`
      context.print(
        `deleted run ${row.runId} of ${printableLine(row.workflow)}: ${counted(deletion.checkpoints, 'checkpoint')}${values}.`,
      )
      for (const group of deletion.kept ?? [])
        context.note(
          `What is private to group ${printableLine(group)} is still in that group's own store, which no configuration here names; forget('${row.runId}') of that store deletes it.`,
        )
      return 'done'
    } finally {
      await runtime.close()
    }
  },
}
