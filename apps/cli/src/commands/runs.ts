import type { RunFilter, RunRow } from '@waystone/core/store'
import { Option } from 'commander'
import type { RunStatus } from '@waystone/core'
import type { CommandDefinition, CommonOptions, Context } from '../command.ts'
import { argumentError, readCount } from '../json-argument.ts'
import { loadConfig } from '../load/config-file.ts'
import { printableExcerpt, printableLine } from '../output/printable.ts'
import { rowJson } from '../output/row-json.ts'
import { toneOfStatus } from '../output/run-result.ts'
import { table } from '../output/table.ts'
import { formatCost, formatMoment, formatTime, parseDuration } from '../output/units.ts'

const statuses = [
  'running',
  'waiting',
  'held',
  'parked',
  'completed',
  'failed',
  'cancelled',
  'exhausted',
] as const satisfies RunStatus[]

interface RunsOptions extends CommonOptions {
  readonly workflow?: string
  readonly status?: readonly RunStatus[]
  readonly tag?: string
  readonly since?: string
  readonly limit?: string
  readonly after?: string
}

/** `waystone runs`. */
export const runs: CommandDefinition<RunsOptions> = {
  examples: [
    ['runs --status waiting', 'what waits for a person'],
    ['runs --workflow refunds --since 7d --json', 'a week of one workflow, as data'],
  ],
  configure: (command) =>
    command
      .option('--workflow <name>', 'only runs of this workflow')
      .addOption(new Option('--status <status...>', 'only runs with one of these').choices([...statuses]))
      .option('--tag <name=value>', 'only runs with this tag')
      .option('--since <duration>', 'only runs begun within this time: 90s, 30m, 12h, 7d, 2w')
      .option('--limit <count>', 'rows at most, 1 to 1000 (default: 20)')
      .option('--after <cursor>', 'the page after this cursor'),
  async run(_args, options, context) {
    const configStore = options.store === undefined ? (await loadConfig(context.around.cwd)).config.store : undefined
    const store = await context.store(configStore)
    const page = await store.list(filterOf(options, context))
    context.json({ runs: page.rows.map(rowJson), next: page.next })
    context.print(
      ...(page.rows.length === 0
        ? [`No ${isNarrowed(options) ? 'such run' : 'run'} in ${store.name}.`]
        : rowLines(page.rows, context)),
    )
    if (page.next !== null)
      context.print('', context.style('quiet', `More: ${context.advise(`runs --after ${page.next}`)}`))
    return 'done'
  },
}

function isNarrowed({ workflow, status, tag, since, after }: RunsOptions): boolean {
  return [workflow, status, tag, since, after].some((option) => option !== undefined)
}

function filterOf({ workflow, status, tag, since, limit, after }: RunsOptions, { around }: Context): RunFilter {
  const count = limit === undefined ? 20 : readCount(limit, '--limit')
  if (count < 1 || count > 1000) throw argumentError(`--limit: found ${count}; allowed is 1 to 1000`)
  return {
    limit: count,
    ...(workflow === undefined ? {} : { workflow }),
    ...(status === undefined ? {} : { status }),
    ...(tag === undefined ? {} : { tag: tagOf(tag) }),
    ...(since === undefined ? {} : { since: around.now() - durationOf(since) }),
    ...(after === undefined ? {} : { after }),
  }
}

function tagOf(text: string): { readonly name: string; readonly value: string } {
  const place = text.indexOf('=')
  if (place < 1) throw argumentError(`--tag: found ${JSON.stringify(text)}; allowed is name=value, as customer=acme`)
  return { name: text.slice(0, place), value: text.slice(place + 1) }
}

/** Reads `--since`. @returns ms */
export function durationOf(text: string): number {
  const duration = parseDuration(text)
  if (duration === undefined)
    throw argumentError(`--since: found ${JSON.stringify(text)}; allowed is a number with s, m, h, d or w, as 7d`)
  return duration
}

function rowLines(rows: readonly RunRow[], context: Context): readonly string[] {
  const { style, around } = context
  const due = rows.map((row) => (isTimed(row) ? formatMoment(row.nextDueAt, around.now()) : ''))
  const isAnyDue = due.some((text) => text !== '')
  const lines = table(
    [
      { title: 'run' },
      { title: 'workflow' },
      { title: 'status' },
      { title: 'at' },
      ...(isAnyDue ? [{ title: 'due' }] : []),
      { title: 'begun' },
      { title: 'steps', align: 'right' },
      { title: 'cost', align: 'right' },
      { title: 'tags' },
    ],
    rows.map((row, index) => [
      row.runId,
      `${row.workflow} v${row.workflowVersion}`,
      style(toneOfStatus(row.status), row.status),
      printableExcerpt(row.nodes.join(', '), 30),
      ...(isAnyDue ? [due[index] ?? ''] : []),
      formatTime(row.createdAt),
      String(row.steps),
      formatCost(row.usage.costUsd),
      printableExcerpt(tagsText(row), 40),
    ]),
  )
  return [...lines, ...dueLines(rows, context)]
}

/** Whether something of it expires, or is escalated, while it waits. */
function isTimed(row: RunRow): row is RunRow & { readonly nextDueAt: number } {
  return row.status === 'waiting' && row.nextDueAt !== null
}

/** Waits and requests whose time is over while nobody drives their runs. */
function dueLines(rows: readonly RunRow[], { around, advise }: Context): readonly string[] {
  const now = around.now()
  const isDue = (row: RunRow): boolean => isTimed(row) && row.nextDueAt <= now && row.lease === null
  const due = rows.filter(isDue)
  const [first] = due
  if (first === undefined) return []
  const whose = due.length === 1 ? `The time of run ${first.runId} has` : `The times of ${due.length} waiting runs have`
  return [`${whose} come. Go on with: ${advise(due.length === 1 ? `resume ${first.runId}` : 'resume')}`]
}

function tagsText({ tags, forkedFrom }: RunRow): string {
  const own = Object.entries(tags).filter(([name]) => !name.startsWith('waystone.'))
  const fork = forkedFrom === null ? [] : [`fork of ${forkedFrom.runId} at ${forkedFrom.sequence}`]
  return [...fork, ...own.map(([name, value]) => `${name}=${printableLine(value)}`)].join(' ')
}
