import type { LabAnswer } from './answer.ts'
import type { LabApi, LabRequest } from './lab-request.ts'

/**
 * Which requests a rule answers: those that fit all of it. A text must occur in what it is compared with; `model` and `tool` must be
 * equal to it.
 */
export interface LabMatch {
  readonly api?: LabApi
  readonly model?: string | RegExp
  /** Instructions, system and developer messages. */
  readonly instructions?: string | RegExp
  /** A tool of this name is offered. */
  readonly tool?: string
  /** The last message of a user or a tool. */
  readonly lastMessage?: string | RegExp
  /** The answer must fit a schema of this name. */
  readonly output?: string
  readonly isStream?: boolean
  /** Anything else. */
  readonly test?: (request: LabRequest) => boolean
}

/** Answers for the requests that fit. */
export interface LabRule {
  readonly when: LabMatch
  /** Order: as the requests come. */
  readonly answers: readonly LabAnswer[]
  /** The last answer is given again and again, and need not be used. Default: false. */
  readonly isRepeated?: boolean
}

/**
 * What a lab answers. A request takes the next answer of the first rule that fits and has one left; else the next of the answers
 * that stand in no rule.
 */
export type LabScript = readonly (LabAnswer | LabRule)[]

/** An answer and where the script has it. */
export interface FoundAnswer {
  readonly answer: LabAnswer
  /** `answer 2`; `rule 0, answer 1`. */
  readonly place: string
}

interface Queue {
  readonly name: string
  readonly rule: LabRule
  used: number
}

/** A script that is being used. */
export class RunningScript {
  readonly #queues: readonly Queue[]

  constructor(script: LabScript) {
    const rules = script.filter(isRule).map((rule, place) => ({ name: `rule ${place}, answer`, rule, used: 0 }))
    const answers = script.flatMap((entry) => (isRule(entry) ? [] : [entry]))
    this.#queues = [...rules, { name: 'answer', rule: { when: {}, answers }, used: 0 }]
  }

  /** Takes the answer to a request; null when the script has none. */
  take(request: LabRequest): FoundAnswer | null {
    for (const queue of this.#queues) {
      const { answers, isRepeated, when } = queue.rule
      const place = isRepeated === true ? Math.min(queue.used, answers.length - 1) : queue.used
      const answer = answers[place]
      if (answer !== undefined && fits(when, request)) {
        queue.used += 1
        return { answer, place: `${queue.name} ${place}` }
      }
    }
    return null
  }

  /** How many answers the script has for a request that found none left, in words. */
  describeEmpty(request: LabRequest): string {
    const fitting = this.#queues.filter(({ rule }) => rule.answers.length > 0 && fits(rule.when, request))
    if (fitting.length === 0) return 'the script has no answer that fits it'
    const count = fitting.reduce((sum, { rule }) => sum + rule.answers.length, 0)
    return `the script's ${count === 1 ? 'only answer for it is' : `${count} answers for it are`} used`
  }

  /** Every answer that was not used, in words. */
  unused(): readonly string[] {
    return this.#queues.flatMap(({ name, rule, used }) => {
      if (rule.isRepeated === true) return []
      return rule.answers
        .slice(used)
        .map((answer, place) => `${name} ${used + place} (${describeAnswer(answer)}) was never asked for`)
    })
  }
}

function isRule(entry: LabAnswer | LabRule): entry is LabRule {
  return typeof entry === 'object' && 'when' in entry
}

function fits(match: LabMatch, request: LabRequest): boolean {
  return (
    isSame(match.api, request.api) &&
    isSame(match.isStream, request.isStream) &&
    isSame(match.output, request.output) &&
    (match.tool === undefined || request.tools.includes(match.tool)) &&
    (match.model instanceof RegExp ? occurs(match.model, request.model) : isSame(match.model, request.model)) &&
    occurs(match.instructions, request.instructions) &&
    occurs(match.lastMessage, request.lastMessage) &&
    (match.test === undefined || match.test(request))
  )
}

function isSame<Value>(wanted: Value | undefined, found: Value | null): boolean {
  return wanted === undefined || wanted === found
}

function occurs(wanted: string | RegExp | undefined, text: string): boolean {
  if (wanted === undefined) return true
  return typeof wanted === 'string' ? text.includes(wanted) : text.search(wanted) !== -1
}

const longestShown = 160

function describeAnswer(answer: LabAnswer): string {
  if (typeof answer === 'function') return answer.name === '' ? 'a function' : `function ${answer.name}`
  const text = JSON.stringify(answer)
  return text.length > longestShown ? `${text.slice(0, longestShown)}…` : text
}

/** A request in one line, for people. */
export function describeRequest({ api, model, tools, lastMessage, isStream }: LabRequest): string {
  const offered = tools.length === 0 ? 'no tools' : `tools ${tools.join(', ')}`
  const last = lastMessage.length > longestShown ? `${lastMessage.slice(0, longestShown)}…` : lastMessage
  return `${api}${isStream ? ', streamed' : ''}, model ${model}, ${offered}, last message ${JSON.stringify(last)}`
}
