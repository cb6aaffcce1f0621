import type { JsonObject } from '@waystone/core'
import { bindWorkflow, type BoundWorkflow } from '../bind/bind-workflow.ts'
import { tagNames } from '../bind/tag-names.ts'
import type { CommandDefinition, CommonOptions, Context } from '../command.ts'
import type { ExitName } from '../exit-codes.ts'
import { argumentError, readJsonObject } from '../json-argument.ts'
import { driveRun } from '../live/drive.ts'
import { loadWorkflow } from '../load/workflow-file.ts'

interface RunCommandOptions extends CommonOptions {
  readonly input?: string
  readonly key?: string
  readonly tag?: readonly string[]
  readonly live?: boolean
}

/** `waystone run FILE`. */
export const run: CommandDefinition<RunCommandOptions> = {
  makesStore: true,
  examples: [
    [`run workflow.ts --input '{"order":"A-17"}'`, 'run with offline models'],
    ['run workflow.ts#refunds --input @order.json --tag customer=acme', 'input from a file, with a tag'],
    ['run workflow.ts --input @order.json --live', 'with the models of waystone.config.ts, which may cost money'],
  ],
  configure: (command) =>
    command
      .argument('<file>', 'module with the workflow, or FILE#export; it is executed')
      .option('--input <json>', 'input of the run: a JSON object, or @file (default: {})')
      .option('--key <key>', 'start once: a second start with the same key shows the first run')
      .option(
        '--tag <name=value>',
        'tag the run; may be given several times',
        (text, all: readonly string[]) => [...all, text],
        [],
      )
      .option('--live', 'use the real models of waystone.config.ts instead of offline ones'),
  async run([file = ''], options, context) {
    const { cwd } = context.around
    const input = options.input === undefined ? {} : readJsonObject({ text: options.input, option: '--input', cwd })
    const tags = readTags(options.tag ?? [])
    const bound = await bindWorkflow(await loadWorkflow(file, cwd), { isLive: options.live ?? false }, context)
    try {
      return await startAndDrive(bound, { input, tags, key: options.key }, context)
    } finally {
      await bound.close()
    }
  },
}

interface Start {
  readonly input: JsonObject
  readonly tags: { readonly [name: string]: string }
  readonly key: string | undefined
}

async function startAndDrive(bound: BoundWorkflow, { input, tags, key }: Start, context: Context): Promise<ExitName> {
  const own = { [tagNames.module]: bound.loaded.reference, [tagNames.models]: bound.isLive ? 'live' : 'offline' }
  const started = await bound.runtime.start(bound.loaded.workflow, {
    input,
    tags: { ...tags, ...own },
    ...(key === undefined ? {} : { key }),
  })
  const first = `run ${started.runId}  ${context.style('quiet', `${bound.graph.name} version ${bound.graph.version}`)}`
  const lines = bound.modelsNote === null ? [first] : [first, context.style('quiet', bound.modelsNote)]
  if (context.isJson) context.note(...lines)
  else context.print(...lines)
  return driveRun(started, bound, { context })
}

function readTags(texts: readonly string[]): { readonly [name: string]: string } {
  return Object.fromEntries(
    texts.map((text) => {
      const [, name, value] = /^([A-Za-z][\w.-]*)=(.*)$/.exec(text) ?? []
      if (name === undefined || value === undefined)
        throw argumentError(`--tag: found ${JSON.stringify(text)}; allowed is name=value, as customer=acme`)
      if (name.startsWith('waystone.'))
        throw argumentError(
          `--tag: found ${JSON.stringify(text)}; names beginning with "waystone." are kept for the command`,
        )
      return [name, value] as const
    }),
  )
}
