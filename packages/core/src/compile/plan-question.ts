import type { QuestionAnswered, QuestionAsked } from '../snapshot/event.ts'
import type { OpenStep, Question } from '../snapshot/snapshot.ts'
import { withIndex } from '../base/with-index.ts'
import { transitionNames } from './names.ts'
import { placeOfStep } from './place.ts'
import type { Plan } from './planned.ts'
import { refuse, stale, stayOpen } from './plan-move.ts'
import { offeredOutcomes, requestDigest } from './request-digest.ts'
import { applied } from './applied.ts'
import { at, type RunAt } from './run-at.ts'
import { withContext } from './steps.ts'

/** Questions that one request takes. */
const mostQuestions = 20

/** Somebody asks before they decide: the request stays open, and holds the question. */
export function askQuestion(root: RunAt, { step: index, digest, text, by, through }: QuestionAsked): Plan {
  const found = askedAt(root, index)
  if (found === undefined) return stale(`step ${index} asks nobody any more`)
  const { run, step } = found
  if (digest !== requestDigest(run.compiled, run.snapshot.context, index))
    return refuse('digest-mismatch', `what request ${index} asks has changed since it was shown; look at it again`)
  const { questions = [] } = step
  if (questions.length >= mostQuestions)
    return refuse(
      'too-many-questions',
      `request ${index} has been asked ${mostQuestions} questions; decide, or reject it`,
    )
  const question: Question = Object.freeze({ text, by, through, at: run.event.at, answer: null })
  return stay(found, [...questions, question], { outcome: 'question', taken: transitionNames.question(step.node) })
}

/** Somebody answers a question: what the request shows has changed, so that what was decided on it before does not count. */
export function answerQuestion(root: RunAt, given: QuestionAnswered): Plan {
  const { step: index, question: number, text, by, through } = given
  const found = askedAt(root, index)
  if (found === undefined) return stale(`step ${index} asks nobody any more`)
  const { questions = [] } = found.step
  const asked = questions[number - 1]
  if (asked === undefined) return refuse('no-such-question', `request ${index} has no question ${number}`)
  if (asked.answer !== null)
    return refuse('answered-before', `question ${number} of request ${index} was answered by ${asked.answer.by}`)
  const answer = Object.freeze({ text, by, through, at: found.run.event.at })
  const answered = questions.map((one) => (one === asked ? Object.freeze({ ...one, answer }) : one))
  return stay(found, answered, { outcome: 'answer', taken: transitionNames.answer(found.step.node) })
}

interface AskedStep {
  readonly run: RunAt
  readonly index: number
  readonly step: OpenStep
}

function askedAt(root: RunAt, index: number): AskedStep | undefined {
  const place = placeOfStep(root, index)
  const run = place === undefined ? root : at(root, place)
  const step = run.snapshot.context.open[index]
  const isAsked = step !== undefined && offeredOutcomes(run.compiled, run.snapshot.context, index).length > 0
  return isAsked ? { run, index, step } : undefined
}

function stay(
  { run, index, step }: AskedStep,
  questions: readonly Question[],
  what: { readonly outcome: string; readonly taken: string },
): Plan {
  const { context, value } = run.snapshot
  const open = withIndex(context.open, index, Object.freeze({ ...step, questions: Object.freeze(questions) }))
  return applied(run, Object.freeze({ value, context: withContext(context, { open }) }), {
    decision: stayOpen(run, step, what),
  })
}
