import type { Json, PatchAcceptance, Run } from '@waystone/core'
import { operateBy, operateOptions, type Mover, type OperateOptions } from '../bind/operate.ts'
import type { CommandDefinition } from '../command.ts'
import { argumentError, readJson } from '../json-argument.ts'
import { keptLines } from '../output/kept-text.ts'

interface PatchOptions extends OperateOptions {
  readonly set?: readonly string[]
  readonly unset?: readonly string[]
  readonly override?: readonly string[]
}

/** `waystone patch RUN`. */
export const patch: CommandDefinition<PatchOptions> = {
  examples: [
    ['patch last --set amountUsd=40 --reason "a typing error"', 'set a key of the state anew'],
    [`patch 01k9 --set 'note="see the mail"' --unset score --reason corrected`, 'a text is JSON too'],
  ],
  configure: (command) =>
    operateOptions(command)
      .option('--set <key=json...>', 'a state key as it shall be: JSON, or @file')
      .option('--unset <key...>', 'optional state keys to remove')
      .option('--override <tool...>', 'tools that may run on a yes to what is changed; recorded'),
  async run([reference = ''], options, context) {
    const state = Object.fromEntries((options.set ?? []).map((text) => readSet(text, context.around.cwd)))
    const { unset = [], override = [] } = options
    const make = async (run: Run, by: Mover): Promise<PatchAcceptance> => {
      const acceptance = await run.patch({ ...by, state, unset, override })
      context.note(...keptLines(acceptance.kept ?? [], run.runId, context))
      return acceptance
    }
    return await operateBy('patch', { reference, options, make }, context)
  },
}

function readSet(text: string, cwd: string): readonly [string, Json] {
  const at = text.indexOf('=')
  if (at < 1) throw argumentError(`--set: found ${JSON.stringify(text)}; allowed is key=JSON, or key=@file`)
  return [text.slice(0, at), readJson({ text: text.slice(at + 1), option: `--set ${text.slice(0, at)}`, cwd })]
}
