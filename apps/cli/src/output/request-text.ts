import type { Json, Request, RequestOption } from '@waystone/core'
import { targetText } from './decision-text.ts'
import { printable, printableExcerpt, printableJson, printableLine } from './printable.ts'
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
  return lines.map((line, index) => `  ${style('quiet', (index === 0 ? title : '').padEnd(8))}${line}`.trimEnd())
}

function fieldLines(key: string, value: Json, style: Style): readonly string[] {
  const lines = valueLines(value)
  if (lines.length === 1) return [`${style('strong', printableLine(key))}: ${lines[0] ?? ''}`]
  return [`${style('strong', printableLine(key))}:`, ...lines.map((line) => `  ${line}`)]
}

/** A value as a person reads it: texts as text, everything else as JSON; nothing is left out, since it is decided on. */
function valueLines(value: Json): readonly string[] {
  // A text with characters that are not printed is written as JSON, where they are seen.
  if (typeof value === 'string' && printable(value) === value) return value.split('\n')
  const short = JSON.stringify(value)
  return printableJson(value, short.length <= 100 ? 0 : 2).split('\n')
}

function optionLines(option: RequestOption, request: Request, style: Style): readonly string[] {
  const actions = request.action.filter(({ outcome }) => outcome === option.outcome)
  const edges = option.edges.length === 0 ? '' : style('quiet', `  [${option.edges.join(', ')}]`)
  return [
    `${style('strong', option.outcome)} ${style('accent', `→ ${targetText(option.to)}`)}${edges}`,
    ...actions.flatMap(({ tool, input }) =>
      tool === undefined ? [] : [`  runs ${tool}`, ...argumentLines(input, request, style)],
    ),
  ]
}

/** The exact arguments; one that is the very value of a key shown above is not printed a second time. */
function argumentLines(input: Json | undefined, { evidence }: Request, style: Style): readonly string[] {
  if (input === undefined) return []
  if (typeof input !== 'object' || input === null || Array.isArray(input))
    return valueLines(input).map((line) => `    ${line}`)
  return Object.entries(input).flatMap(([name, value]) => {
    const text = JSON.stringify(value)
    const shown =
      text.length <= 100 ? undefined : Object.keys(evidence).find((key) => JSON.stringify(evidence[key]) === text)
    const lines =
      shown === undefined
        ? fieldLines(name, value, style)
        : [`${style('strong', name)}: exactly what is shown above as ${shown}`]
    return lines.map((line) => `    ${line}`)
  })
}

/** What stands open, on one line. */
export function requestLine(request: Request): string {
  const reason = request.reason === '' ? '' : `: ${printableExcerpt(request.reason, 80)}`
  return `step ${request.step}  ${request.node}${reason}  (${request.options.map(({ outcome }) => outcome).join(', ')})`
}
