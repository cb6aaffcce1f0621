import { dirname } from 'node:path'
import {
  buildGraph,
  check as checkGraph,
  DefinitionError,
  formatPlace,
  type BoundName,
  type CheckReport,
  type DefinitionIssue,
  type Finding,
} from '@waystone/core'
import { unusedLimits } from '../bind/choose-limits.ts'
import { boundModels } from '../bind/models.ts'
import type { CommandDefinition, CommonOptions, Context } from '../command.ts'
import { bareAmount, boundText } from '../graph/limits-text.ts'
import { loadConfig } from '../load/config-file.ts'
import { loadWorkflow } from '../load/workflow-file.ts'
import { printable, printableLine } from '../output/printable.ts'

interface CheckOptions extends CommonOptions {
  readonly allowWarnings?: boolean
}

/** `waystone check FILE`. */
export const check: CommandDefinition<CheckOptions> = {
  examples: [
    ['check workflow.ts', 'check the only workflow of a file'],
    ['check workflows.ts#refunds --json', 'check one of several, as data'],
  ],
  configure: (command) =>
    command
      .argument('<file>', 'module with the workflow, or FILE#export; it is executed')
      .option('--allow-warnings', 'exit 0 when there are only warnings'),
  async run([file = ''], options, context) {
    context.note(`Checking ${file}; this executes the file.`)
    const loaded = await loadWorkflow(file, context.around.cwd)
    const { config } = await loadConfig(dirname(loaded.file))
    const models = boundModels(config, loaded.offlineModels)
    const { prices } = config
    try {
      const built = buildGraph(loaded.workflow)
      const report = checkGraph(built, {
        ...(models === undefined ? {} : { models }),
        ...(prices === undefined ? {} : { prices }),
      })
      const unused = unusedLimits({ graph: built.graph, config, models: models ?? {} })
      context.note(...unused.map((text) => `${context.style('warn', 'warning')}  ${printable(text)}`))
      context.json({ ...report, hashes: built.hashes })
      context.print(...reportLines(report, context))
      return isRefused(report.findings, options) ? 'failed' : 'done'
    } catch (error) {
      // Several issues of a definition are findings too; anything else is not for here.
      if (!DefinitionError.isInstance(error)) throw error
      return reportIssues(error.issues, loaded.workflow.name, context)
    }
  },
}

function isRefused(findings: readonly Finding[], { allowWarnings }: CheckOptions): boolean {
  return findings.some(({ severity }) => severity === 'error' || allowWarnings !== true)
}

function reportIssues(issues: readonly DefinitionIssue[], workflow: string, context: Context): 'failed' {
  const findings = issues.map((issue) => ({ ...issue, severity: 'error' as const }))
  context.json({ workflow, version: null, findings, bounds: null, hashes: null })
  context.print(...findings.flatMap((finding) => findingLines(finding, context)), '', countText(findings))
  return 'failed'
}

function reportLines(report: CheckReport, context: Context): readonly string[] {
  const { style } = context
  return [
    `${style('strong', report.workflow)} version ${report.version}`,
    '',
    ...report.findings.flatMap((finding) => findingLines(finding, context)),
    ...(report.findings.length === 0 ? [] : ['']),
    'Worst case of a run:',
    ...(Object.keys(report.bounds) as BoundName[]).flatMap((name) => boundLines(report, name)),
    '',
    report.findings.length === 0 ? style('good', 'No findings.') : countText(report.findings),
  ]
}

function findingLines({ severity, code, message, hint, place }: Finding, { style }: Context): readonly string[] {
  return [
    `${style(severity === 'error' ? 'bad' : 'warn', severity)}  ${printable(message)} ${style('quiet', `(${code})`)}`,
    `  at ${printableLine(formatPlace(place))}`,
    ...(hint === '' ? [] : [`  ${printable(hint)}`]),
  ]
}

function countText(findings: readonly Pick<Finding, 'severity'>[]): string {
  const errors = findings.filter(({ severity }) => severity === 'error').length
  const warnings = findings.length - errors
  const text = (count: number, word: string): string => (count === 0 ? '' : `${count} ${word}${count === 1 ? '' : 's'}`)
  return `${[text(errors, 'error'), text(warnings, 'warning')].filter((part) => part !== '').join(', ')}.`
}

const boundTitles: { readonly [name in BoundName]: string } = {
  steps: 'steps',
  modelCalls: 'model calls',
  toolCalls: 'tool calls',
  tokens: 'tokens',
  costUsd: 'cost',
  durationMs: 'duration',
}

function boundLines({ bounds }: CheckReport, name: BoundName): readonly string[] {
  const { graph, limited, cycle } = bounds[name]
  const byGraph =
    graph.max === limited.max ? '' : `  (${boundText(name, { max: graph.max, note: null })} by the graph alone)`
  const notes = limited.note === null ? [] : [`${' '.repeat(14)}${printable(limited.note)}`]
  const dominates =
    cycle === null
      ? []
      : [
          `${' '.repeat(14)}cycle that adds most: ${cycle.nodes.join(' → ')}, ${cycle.times}× by ${cycle.edge}, ${bareAmount(name, cycle.round)} a round`,
        ]
  return [`  ${boundTitles[name].padEnd(12)}${boundText(name, limited)}${byGraph}`, ...notes, ...dominates]
}
