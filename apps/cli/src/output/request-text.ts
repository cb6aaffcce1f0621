import type { Json, Request, RequestOption } from '@waystone/core'
import { nodeText } from './node-text.ts'
import { targetText } from './target-text.ts'
import { handoffLine } from './handoff-text.ts'
import { personText } from './person-text.ts'
import { printable, printableExcerpt, printableJson, printableLine } from './printable.ts'
import type { Style } from './style.ts'
import { formatDuration, formatMoment } from './units.ts'
import { usageText } from './usage-text.ts'

/**
 * A request in full: what will be done with exact arguments, why it is asked, evidence, cost so far, and what each answer leads to.
 *
 * @param now - ms since the epoch
 */
export function requestLines(request: Request, { style, now }: { style: Style; now: number }): readonly string[] {
  const used = usageText(request.usage)
  return [
    `${style('warn', style('strong', requestTitle(request)))}  ${style('quiet', `step ${request.step}, workflow ${request.workflow}${request.role === null ? '' : `, for a ${printableLine(request.role)}`}`)}`,
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
    ...section('handed', request.handoffs.map(handoffLine), style),
    ...section('asked', request.questions.flatMap(questionLines), style),
    ...section('said', request.said === null ? [] : saidLines(request.said), style),
    ...section(
      'answers',
      request.options.flatMap((option) => optionLines(option, request, style)),
      style,
    ),
    ...section('quorum', quorumLines(request), style),
    ...section(
      'for',
      request.delegates.map(({ person, by }) => `${names(by)} may decide for ${printableLine(person)}`),
      style,
    ),
    ...section('edit', editable(request).length === 0 ? [] : [editText(request)], style),
    ...section('remember', rememberLines(request), style),
    ...section(
      'answer',
      request.responseSchema === null ? [] : [`fits ${JSON.stringify(request.responseSchema)}`],
      style,
    ),
    ...section('result', resultLines(request), style),
    ...section('so far', used === '' ? [] : [used], style),
    ...section(
      'then',
      request.escalatesAt === null ? [] : [`escalated in ${formatDuration(Math.max(0, request.escalatesAt - now))}`],
      style,
    ),
    ...section('expires', deadlineTexts(request, now), style),
  ]
}

/** When a request expires, and where the run goes then; empty: it does not expire. @param now - ms since the epoch */
export function deadlineTexts(
  { expiresAt, expired }: Pick<Request, 'expiresAt' | 'expired'>,
  now: number,
): readonly string[] {
  if (expiresAt === null) return []
  const then =
    expired === null
      ? ''
      : ` → ${targetText(expired.to)}${expired.edges.length === 0 ? '' : `  [${expired.edges.join(', ')}]`}`
  return [`${formatMoment(expiresAt, now)}${expiresAt > now ? '' : ', as soon as a process drives the run'}${then}`]
}

/** What came of an effect that nobody knows about, as it is to be given. */
function resultLines({ result }: Request): readonly string[] {
  if (result === null) return []
  const { neededFor } = result
  const when = neededFor.length === 0 ? 'may be given' : `needed for ${neededFor.join(', ')}`
  return [`${when}: ${resultNeedText(result)}`, `such as ${printableJson(result.example, 0)}`]
}

/** What the result of an effect has to be. */
export function resultNeedText({ schema }: NonNullable<Request['result']>): string {
  const { $schema: _, ...shape } = schema
  const fits = Object.keys(shape).length === 0 ? 'any JSON' : `JSON that fits ${printableJson(shape, 0)}`
  return `what it gave, ${fits}`
}

/** An example of a result as it is typed in a shell. */
export function exampleText({ example }: Pick<NonNullable<Request['result']>, 'example'>): string {
  return `'${printableJson(example, 0).replaceAll("'", String.raw`'\''`)}'`
}

/** What was asked, and what was told; of a model marked as its words are. */
function questionLines({ number, text, by, answer }: Request['questions'][number]): readonly string[] {
  const which = number === null ? '' : `${number}  `
  const told =
    answer === null
      ? ['   nobody has answered']
      : number === null
        ? saidLines(answer.text).map((line) => `   ${line}`)
        : valueLines(answer.text).map(
            (line, index) => `   ${index === 0 ? `${printableLine(answer.by)}: ` : ''}${line}`,
          )
  return [`${which}${printableLine(by)}: ${printableLine(text)}`, ...told]
}

/** What a remembered answer is bound to is said before one gives it: not to what else is shown. */
function rememberLines({ remember, action, node }: Request): readonly string[] {
  const far = (['approved', 'rejected'] as const).filter((outcome) => remember[outcome].length > 0)
  if (far.length === 0) return []
  const tool = action.find((one) => one.tool !== undefined)?.tool ?? 'the tool'
  return [
    ...far.map((outcome) => `${outcome} may be remembered for the ${remember[outcome].join(' or the ')}`),
    `then it holds for every call of ${printableLine(tool)} by ${printableLine(node)} with the same arguments (--matching: with those), whatever else is shown here;`,
    'a yes no longer holds in a run in which an operator has patched that since',
  ]
}

/** How many must approve, and who has decided so far. */
function quorumLines({ quorum }: Request): readonly string[] {
  if (quorum === null) return []
  const { need, of, votes, lost = [] } = quorum
  return [
    of === null ? `${need} persons must approve` : `${need} of ${names(of)} must approve`,
    ...votes.map((vote) => voteText(vote)),
    ...lost.map((vote) => `counts no more, what is asked has changed since: ${voteText(vote)}`),
  ]
}

function voteText(vote: NonNullable<Request['quorum']>['votes'][number]): string {
  return `${vote.outcome} by ${personText(vote)}${vote.reason === '' ? '' : `: ${printableLine(vote.reason)}`}`
}

function names(list: readonly string[]): string {
  return list.map((name) => printableLine(name)).join(', ')
}

/** Who asks what, in a few words. */
function requestTitle({ kind, node: path, items, action }: Request): string {
  const node = nodeText(path, items)
  if (kind === 'approval') return `${node} asks`
  const tool = action.find((one) => one.tool !== undefined)?.tool
  const what = tool === undefined ? '' : printableLine(tool)
  return kind === 'call' ? `${node} asks before it runs ${what}` : `${node}: did ${what === '' ? 'it' : what} happen?`
}

/** What a model said; marked line by line, so that nobody takes it for words of ours. */
function saidLines(text: string): readonly string[] {
  return valueLines(text).map((line) => `“${line}”`)
}

/** What a person may edit: state keys, or arguments of a call. */
export function editable({ edits, argumentsSchema }: Request): readonly string[] {
  if (argumentsSchema === null) return edits
  const { properties } = argumentsSchema
  const names = typeof properties === 'object' && properties !== null ? Object.keys(properties) : []
  return names.length === 0 ? ['the arguments'] : names.map((name) => printableLine(name))
}

/** What may be edited; keys are set anew, so that one which holds an object has to be given whole. */
function editText(request: Request): string {
  const { edits, evidence, kind } = request
  const isWhole = (key: string): boolean => typeof evidence[key] === 'object' && evidence[key] !== null
  const whole = kind === 'approval' ? edits.filter(isWhole) : []
  return `${editable(request).join(', ')} may be edited${whole.length === 0 ? '' : `; an edit gives ${whole.join(', ')} whole`}`
}

/** How edits are typed, shortly. */
export function editForm({ kind, edits }: Request): string {
  return kind === 'approval' ? `{${edits.map((key) => `"${key}":…`).join(',')}}` : '{…}'
}

/** The arguments a call is asked about; undefined for other requests. */
export function askedArguments({ kind, action }: Request): Json | undefined {
  return kind === 'call' ? action.find(({ input }) => input !== undefined)?.input : undefined
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
    ...actions.flatMap(({ tool, input, outcome }) =>
      tool === undefined
        ? []
        : [
            `  runs ${tool}${request.kind === 'call' && outcome === 'edited' ? ' with the arguments you give' : ''}`,
            ...argumentLines(input, request, style),
          ],
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
  const given = askedArguments(request)
  const tool = request.kind === 'call' ? request.action.find((action) => action.tool !== undefined)?.tool : undefined
  const call = tool === undefined ? '' : ` ${printableLine(tool)} ${printableExcerpt(JSON.stringify(given ?? {}), 80)}`
  const told = request.talk === null || request.talk.text === '' ? request.reason : request.talk.text
  const reason = told === '' ? '' : `: ${printableExcerpt(told, 80)}`
  return `step ${request.step}  ${nodeText(request.node, request.items)}${call}${reason}  (${request.options.map(({ outcome }) => outcome).join(', ')})`
}
