import { decide, decideOptions, type DecideOptions } from '../bind/decide.ts'
import { questionRun } from '../bind/question.ts'
import type { CommandDefinition } from '../command.ts'
import { argumentError, readCount } from '../json-argument.ts'
import { personName } from '../live/person-name.ts'

interface AnswerOptions extends DecideOptions {
  readonly text?: string
  readonly question?: string
}

/** `waystone answer RUN [OUTCOME]`. */
export const answer: CommandDefinition<AnswerOptions> = {
  examples: [
    [
      `answer last happened --result '{"receipt":"r-7"}' --reason "seen in the ledger"`,
      'say what became of an effect whose outcome is not known, and what it gave',
    ],
    ['answer last did-not-happen --reason "not in the ledger"', 'have it tried again'],
    [`answer last asked --reason "which order?"`, 'ask the model back'],
    [`answer last --text "o-7"`, 'answer what somebody asked about a request; it stays open'],
  ],
  configure: (command) =>
    decideOptions(command)
      .argument('[outcome]', 'one of the outcomes the request offers; none with --text')
      .option('--text <answer>', 'answers a question about the request instead of deciding')
      .option('--question <number>', 'which question, when several are open')
      .option('--response <json>', 'the answer the request asks for: JSON, or @file')
      .option('--result <json>', 'what an effect that happened gave, JSON or @file')
      .option('--edit <json>', 'for "edited": keys or arguments as they shall be, a JSON object or @file'),
  run: ([reference = '', outcome = ''], options, context) => {
    const { text, question } = options
    if (text === undefined) {
      if (question !== undefined) throw argumentError('--question: names what --text answers; it is not given')
      return decide(reference, options, { context, outcomeOf: () => outcome })
    }
    if (outcome !== '') throw argumentError(`found outcome "${outcome}" and --text; allowed is one of them`)
    const which = question === undefined ? {} : { question: readCount(question, '--question') }
    const by = options.by ?? personName(context.around)
    return questionRun(reference, options, {
      context,
      act: (run, request) => run.answer(request, { ...which, answer: text, by, through: 'cli' }),
    })
  },
}
