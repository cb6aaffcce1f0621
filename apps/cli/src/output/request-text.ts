import type { Json, Request, RequestOption } from '@waystone/core'
import { targetText } from './decision-text.ts'
import { printable, printableExcerpt, printableLine } from './printable.ts'
import type { Style } from './style.ts'
import { formatDuration } from './units.ts'
import { usageText } from './usage-text.ts'

/**
 * A request in full: what will be done with exact arguments, why it is asked, evidence, cost so far, and what each answer leads to.
 *
 * @param now - ms since the epoch
 */
export function requestLines(request: Request, { style, now }: { style: Style; now: number }): readonly string[] {
  const title = request.kind === 'approval' ? `${request.node} asks` : `${request.node}: did it happen?`
  const used = usageText(request.usage)
  return [
    `${style('warn', style('strong', title))}  ${style('quiet', `step ${request.step}, workflow ${request.workflow}${request.role === null ? '' : `, for a ${printableLine(request.role)}`}`)}`,
    ...section('why', request.reason === '' ? [] : [printableLine(request.reason)], style),
    ...section(
      'shown',
      Object.entries(request.evidence).flatMap(([key, value]) => fieldLines(key, value, style)),
      style,
    ),
    ...section(
      'heard',
      Object.entries(request.heard).flatMap(([key, value]) => fieldLines(key, value, style)),
      style,
    ),
    ...section(
      'answers',
      request.options.flatMap((option) => optionLines(option, request, style)),
      style,
    ),
    ...section('edit', request.edits.length === 0 ? [] : [`${request.edits.join(', ')} may be edited`], style),
    ...section(
      'answer',
      request.responseSchema === null ? [] : [`fits ${JSON.stringify(request.responseSchema)}`],
      style,
    ),
    ...section('so far', used === '' ? [] : [used], style),
    ...section(
      'expires',
      request.expiresAt === null ? [] : [`in ${formatDuration(Math.max(0, request.expiresAt - now))}`],
      style,
    ),
  ]
}

function section(title: string, lines: readonly string[], style: Style): readonly string[] {
  return lines.map((line, index) => `  ${style('quiet', (index === 0 ? title : '').padEnd(8))}${line}`)
}

function fieldLines(key: string, value: Json, style: Style): readonly string[] {
  const lines = valueLines(value)
  if (lines.length === 1) return [`${style('strong', key)}: ${lines[0] ?? ''}`]
  return [`${style('strong', key)}:`, ...lines.map((line) => `  ${line}`)]
}

/** A value as a person reads it: texts as text, everything else as JSON; nothing is left out, since it is decided on. */
function valueLines(value: Json): readonly string[] {
  if (typeof value === 'string') return printable(value).split('\n')
  const short = JSON.stringify(value)
  const text = short.length <= 100 ? short : JSON.stringify(value, null, 2)
  return printable(text).split('\n')
}

function optionLines(option: RequestOption, request: Request, style: Style): readonly string[] {
  const actions = request.action.filter(({ outcome }) => outcome === option.outcome)
  const edges = option.edges.length === 0 ? '' : style('quiet', `  [${option.edges.join(', ')}]`)
  return [
    `${style('strong', option.outcome)} ${style('accent', `→ ${targetText(option.to)}`)}${edges}`,
    ...actions.flatMap(({ tool, input }) =>
      tool === undefined ? [] : [`  runs ${tool}`, ...(input === undefined ? [] : argumentLines(input))],
    ),
  ]
}

function argumentLines(input: Json): readonly string[] {
  return valueLines(input).map((line) => `    ${line}`)
}

/** What stands open, on one line. */
export function requestLine(request: Request): string {
  const reason = request.reason === '' ? '' : `: ${printableExcerpt(request.reason, 80)}`
  return `step ${request.step}  ${request.node}${reason}  (${request.options.map(({ outcome }) => outcome).join(', ')})`
}
