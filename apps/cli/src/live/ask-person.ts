import type { DecisionInput, Json, QuestionInput, Request } from '@waystone/core'
import type { Context } from '../command.ts'
import { readJson } from '../json-argument.ts'
import { printable, printableJson } from '../output/printable.ts'
import { requestLines } from '../output/request-text.ts'
import { personName } from './person-name.ts'
import { editValues } from './edit-values.ts'
import type { LineReader } from './line-reader.ts'

/** What asking needs. */
export interface Asking {
  readonly reader: LineReader
  /** Fires when the request is no longer open, or the person pressed Ctrl-C. */
  readonly signal: AbortSignal
  /** True for the first request that is asked here. */
  readonly isFirst: boolean
}

/**
 * Shows a request at a terminal and asks for a decision; what begins with `?` is a question about it.
 *
 * @returns null: the person left it open, the request closed meanwhile, or the input ended
 */
export async function askPerson(
  request: Request,
  asking: Asking,
  context: Context,
): Promise<DecisionInput | QuestionInput | null> {
  if (request.talk !== null) return talk(request, request.talk, { asking, context })
  context.print('', ...requestLines(request, { style: context.style, now: context.around.now() }), '')
  for (;;) {
    const answer = await asking.reader.ask(`${questionText(request)} `, asking.signal)
    if (answer === null || ['', 'later', 'l'].includes(answer.trim().toLowerCase())) return null
    const question = answer.trim().startsWith('?') ? answer.trim().slice(1).trim() : ''
    if (question !== '') return { question, by: personName(context.around), through: 'terminal' }
    const outcome = chosenOutcome(answer, request)
    if (outcome === undefined) {
      context.print(
        `Found ${JSON.stringify(answer.trim())}; allowed is ${request.options.map((option) => option.outcome).join(', ')}, or Enter to leave it open.`,
      )
      continue
    }
    const decision = await completeDecision(request, outcome, { asking, context })
    if (decision !== null) return decision
    if (asking.signal.aborted) return null
  }
}

/** One turn of a talk: what is typed is the answer, unless it names another outcome. */
async function talk(
  request: Request,
  { text, outcome, answer }: NonNullable<Request['talk']>,
  { asking, context }: { asking: Asking; context: Context },
): Promise<DecisionInput | null> {
  const { style, print, around } = context
  const others = request.options.map((option) => option.outcome).filter((name) => name !== outcome)
  if (asking.isFirst) {
    const named = others.length === 0 ? '' : `${others.join(' or ')} is a word of its own; `
    print('', style('quiet', `Type a message; ${named}an empty line leaves the run waiting.`))
  }
  const told = text === '' ? request.reason : text
  if (told !== '') print('', ...printable(told).split('\n'))
  print('')
  const line = await asking.reader.ask(`${style('accent', 'you >')} `, asking.signal)
  const said = line?.trim() ?? ''
  if (said === '') return null
  const decision = { by: personName(around), through: 'terminal', reason: '' }
  const other = others.find((name) => name.toLowerCase() === said.toLowerCase())
  if (other !== undefined) return { ...decision, outcome: other }
  return { ...decision, outcome, response: { [answer]: said } }
}

function questionText(request: Request): string {
  const choices = request.options.map(({ outcome }, index) => `${index + 1} ${outcome}`)
  return `Decide: ${choices.join(' · ')} · ?… asks · Enter leaves it open >`
}

/** A number, an outcome, or the beginning of exactly one. */
function chosenOutcome(answer: string, { options }: Request): string | undefined {
  const text = answer.trim().toLowerCase()
  const names = options.map(({ outcome }) => outcome)
  if (/^\d+$/.test(text)) return names[Number(text) - 1]
  const exact = names.find((name) => name.toLowerCase() === text)
  const beginning = names.filter((name) => name.toLowerCase().startsWith(text))
  return exact ?? (beginning.length === 1 ? beginning[0] : undefined)
}

async function completeDecision(
  request: Request,
  outcome: string,
  { asking, context }: { asking: Asking; context: Context },
): Promise<DecisionInput | null> {
  const edits = outcome === 'edited' ? await editValues(request, asking, context) : undefined
  if (edits === null) return null
  const response =
    request.responseSchema === null ? undefined : await askJson('Answer (JSON or @file): ', asking, context)
  if (response === null) return null
  const result = await askResult(request, outcome, { asking, context })
  if (result === null) return null
  const reason = await asking.reader.ask('Reason: ', asking.signal)
  if (reason === null) return null
  return {
    outcome,
    reason: reason.trim(),
    by: personName(context.around),
    through: 'terminal',
    ...edits,
    ...(response === undefined ? {} : { response: response.value }),
    ...(result === undefined ? {} : { result: result.value }),
  }
}

/** @returns undefined: the outcome takes none, or the person knows none and need not; null: they leave it open */
async function askResult(
  { result }: Request,
  outcome: string,
  { asking, context }: { asking: Asking; context: Context },
): Promise<{ readonly value: Json } | undefined | null> {
  const isNeeded = result?.neededFor.includes(outcome) === true
  if (result === null || !(isNeeded || outcome === 'happened')) return undefined
  const like = `such as ${printableJson(result.example, 0)}, or @file`
  const given = await askJson(
    isNeeded ? `What it gave (JSON ${like}): ` : `What it gave, if it is known (JSON ${like}): `,
    asking,
    context,
  )
  return given === null && !isNeeded && !asking.signal.aborted ? undefined : given
}

/** @returns null: nothing was typed, or the request closed meanwhile */
async function askJson(
  asked: string,
  { reader, signal }: Asking,
  context: Context,
): Promise<{ readonly value: Json } | null> {
  for (;;) {
    const text = await reader.ask(asked, signal)
    if (text === null || text.trim() === '') return null
    try {
      return { value: readJson({ text, option: 'answer', cwd: context.around.cwd }) }
    } catch (error) {
      context.print(error instanceof Error ? error.message : String(error))
    }
  }
}
