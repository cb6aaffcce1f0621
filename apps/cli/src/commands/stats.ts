import { readStats, statsGroups, type StatsGroup, type StatsRow } from '@waystone/core'
import { Option } from 'commander'
import type { CommandDefinition, CommonOptions } from '../command.ts'
import { loadConfig } from '../load/config-file.ts'
import { printableLine } from '../output/printable.ts'
import { iso } from '../output/row-json.ts'
import { table, type Column } from '../output/table.ts'
import { formatCost, formatCount, formatDuration } from '../output/units.ts'
import { durationOf } from './runs.ts'

interface StatsCommandOptions extends CommonOptions {
  readonly since?: string
  readonly by?: StatsGroup
  readonly workflow?: string
}

/** `waystone stats`. */
export const stats: CommandDefinition<StatsCommandOptions> = {
  examples: [
    ['stats --since 7d', 'a week of runs that are stored, by workflow, node, agent, model and tool'],
    ['stats --by model --json', 'models only, as data'],
  ],
  configure: (command) =>
    command
      .option('--since <duration>', 'only runs begun within this time: 90s, 30m, 12h, 7d, 2w (default: all)')
      .addOption(new Option('--by <group>', 'only these rows').choices([...statsGroups]))
      .option('--workflow <name>', 'only runs of this workflow'),
  async run(_args, { since, by, workflow, store: storePath }, context) {
    const configStore = storePath === undefined ? (await loadConfig(context.around.cwd)).config.store : undefined
    const store = await context.store(configStore)
    const from = since === undefined ? undefined : context.around.now() - durationOf(since)
    const all = await readStats(store, {
      ...(from === undefined ? {} : { since: from }),
      ...(workflow === undefined ? {} : { workflow }),
    })
    const rows = by === undefined ? all : all.filter(({ group }) => group === by)
    context.json({ since: from === undefined ? null : iso(from), rows })
    const ofWorkflow = workflow === undefined ? 'Nothing' : `Nothing of ${printableLine(workflow)}`
    context.print(
      ...(rows.length === 0
        ? [
            `${all.length === 0 || by === undefined ? `${ofWorkflow} has run` : nothingOf[by]} in ${store.name}${since === undefined ? '' : ` within ${since}`}.`,
          ]
        : [
            ...statsLines(rows),
            context.style('quiet', 'Of the runs that are stored: those that were deleted are not counted.'),
          ]),
    )
    return 'done'
  },
}

/** What is said where runs have no row of a group. */
const nothingOf: { readonly [group in StatsGroup]: string } = {
  workflow: 'No run has begun',
  node: 'No node has ended',
  item: 'No map has had items',
  agent: 'No agent has been asked',
  model: 'No model has been called',
  tool: 'No tool has been called',
  handoff: 'No agent has handed over',
  compensation: 'Nothing has been undone',
}

const columns: readonly Column[] = [
  { title: '' },
  { title: 'name' },
  { title: 'ended', align: 'right' },
  { title: 'good', align: 'right' },
  { title: 'bad', align: 'right' },
  { title: 'called off', align: 'right' },
  { title: 'model calls', align: 'right' },
  { title: 'tokens', align: 'right' },
  { title: 'cost', align: 'right' },
  { title: 'median', align: 'right' },
  { title: '95 %', align: 'right' },
]

function statsLines(rows: readonly StatsRow[]): readonly string[] {
  return table(
    columns,
    rows.map(({ group, name, count, succeeded, failed, calledOff, usage, medianMs, p95Ms }) => [
      group,
      printableLine(name),
      formatCount(count),
      succeeded + failed === 0 ? '' : `${Math.round((100 * succeeded) / (succeeded + failed))} %`,
      formatCount(failed),
      formatCount(calledOff),
      formatCount(usage.modelCalls),
      formatCount(usage.inputTokens + usage.outputTokens),
      formatCost(usage.costUsd),
      medianMs === null ? '' : formatDuration(medianMs),
      p95Ms === null ? '' : formatDuration(p95Ms),
    ]),
  )
}
