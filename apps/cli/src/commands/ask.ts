import { questionRun, questionOptions, type QuestionOptions } from '../bind/question.ts'
import type { CommandDefinition } from '../command.ts'
import { personName } from '../live/person-name.ts'

/** `waystone ask RUN QUESTION`. */
export const ask: CommandDefinition<QuestionOptions> = {
  examples: [
    ['ask last "which order is this about?"', 'ask before you decide; the request stays open'],
    ['ask 01k9 "who signed it?" --step 4', 'about one of several requests that are open'],
  ],
  configure: (command) => questionOptions(command).argument('<question>', 'what you want to know'),
  run: ([reference = '', question = ''], options, context) =>
    questionRun(reference, options, {
      context,
      act: (run, request) =>
        run.ask(request, { question, by: options.by ?? personName(context.around), through: 'cli' }),
    }),
}
