import { buildGraph, compileGraph, replayRun } from '@waystone/core'
import { openRow, workflowOf, type RunOptions } from '../bind/open-run.ts'
import { wholeStore } from '../bind/whole-store.ts'
import type { CommandDefinition, CommonOptions } from '../command.ts'
import { printable, printableExcerpt } from '../output/printable.ts'
import { counted } from '../output/usage-text.ts'

interface ReplayOptions extends CommonOptions, RunOptions {}

/** `waystone replay RUN`. */
export const replay: CommandDefinition<ReplayOptions> = {
  examples: [
    ['replay last', 'derive the newest run again from its stored events: no model, no tool, no connection'],
    ['replay 01k9 --file changed.ts', 'does changed code still decide the same?'],
  ],
  configure: (command) =>
    command
      .argument('<run>', 'id, beginning of an id, or "last"')
      .option(
        '--file <file>',
        'the workflow to derive it with: FILE or FILE#export (default: the one it was run from)',
      ),
  async run([reference = ''], options, context) {
    const row = await openRow(reference, options, context)
    const { workflow } = await workflowOf(row, options, context)
    const compiled = compileGraph(buildGraph(workflow))
    const { checkpoints, divergence } = await replayRun(await wholeStore(row, options, context), compiled, row.runId)
    context.json({ runId: row.runId, workflow: row.workflow, isEqual: divergence === null, checkpoints, divergence })
    if (divergence === null) {
      context.print(
        `${context.style('good', 'equal')}  run ${row.runId}: ${counted(checkpoints, 'checkpoint')} derived again from their events, byte for byte, without an effect`,
      )
      return 'done'
    }
    context.print(
      `${context.style('bad', 'differs')}  run ${row.runId}: first at checkpoint ${divergence.sequence}${divergence.node === null ? '' : `, node ${divergence.node}`}; ${checkpoints} before it are equal`,
      `  ${printable(divergence.message)}`,
      `  stored   ${printableExcerpt(JSON.stringify(divergence.stored), 300)}`,
      `  derived  ${printableExcerpt(JSON.stringify(divergence.derived), 300)}`,
      `  look     ${context.advise(`show ${row.runId} --at ${divergence.sequence} --why`)}`,
    )
    return 'failed'
  },
}
