import { requestDigest } from '../compile/request-digest.ts'
import { inputError } from '../errors/input-error.ts'
import type { EngineEvent } from '../snapshot/event.ts'
import type { Question } from '../snapshot/snapshot.ts'
import { openRequestOf, type Deciding, type DecisionEvent, type EventStamp } from './decision-event.ts'
import { checkOptions, knownOptions } from './known-options.ts'
import type { AnswerInput, QuestionInput, Request } from './runtime.ts'

const code = 'WAYSTONE_INPUT_QUESTION'
const questionOptions = knownOptions<QuestionInput>('a question was given', code, {
  question: true,
  by: true,
  through: true,
})
const answerOptions = knownOptions<AnswerInput>('an answer was given', code, {
  question: true,
  answer: true,
  by: true,
  through: true,
})

/** Longest question and answer, characters. */
const longestText = 10_000

/** Turns a question about a request into an event. @throws {InputError} WAYSTONE_INPUT_QUESTION */
export function questionEvent(
  run: Deciding,
  request: Request | string,
  { given, stamp }: { readonly given: QuestionInput; readonly stamp: EventStamp },
): DecisionEvent {
  checkOptions(questionOptions, given)
  const text = requireText('question', given.question)
  const by = requireText('by', given.by)
  const found = openRequestOf(run, request)
  if ('type' in found) return found
  const { step, compiled, context } = found
  const digest = requestDigest(compiled, context, step) ?? ''
  if (typeof request !== 'string' && request.digest !== digest)
    return refused(
      'digest-mismatch',
      `what request ${request.id} asks has changed since it was shown; look at it again`,
    )
  const payload = Object.freeze({ step, digest, text, by, through: given.through ?? 'api' })
  return event(Object.freeze({ ...stamp, type: 'request.asked', from: 'person', payload }))
}

/** Turns the answer to a question about a request into an event. @throws {InputError} WAYSTONE_INPUT_QUESTION */
export function answerEvent(
  run: Deciding,
  request: Request | string,
  { given, stamp }: { readonly given: AnswerInput; readonly stamp: EventStamp },
): DecisionEvent {
  checkOptions(answerOptions, given)
  const text = requireText('answer', given.answer)
  const by = requireText('by', given.by)
  const found = openRequestOf(run, request)
  if ('type' in found) return found
  const { step, open } = found
  const question = given.question ?? onlyOpen(open.questions ?? [])
  if (question === undefined)
    return refused('no-such-question', `request ${run.runId}/${step} has not one open question; say which is answered`)
  const payload = Object.freeze({ step, question, text, by, through: given.through ?? 'api' })
  return event(Object.freeze({ ...stamp, type: 'request.answered', from: 'person', payload }))
}

function event(made: EngineEvent): DecisionEvent {
  return { type: 'event', event: made }
}

function refused(reason: string, message: string): DecisionEvent {
  return { type: 'refused', reason, message }
}

/** The one question that nobody has answered, from 1. */
function onlyOpen(questions: readonly Question[]): number | undefined {
  const open = questions.flatMap(({ answer }, index) => (answer === null ? [index + 1] : []))
  return open.length === 1 ? open[0] : undefined
}

function requireText(name: string, value: unknown): string {
  if (typeof value === 'string' && value.trim() !== '' && value.length <= longestText) return value
  throw inputError(code, `${JSON.stringify(name)} must be a text of 1 to ${longestText} characters`)
}
