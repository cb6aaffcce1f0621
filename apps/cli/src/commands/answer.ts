import { decide, decideOptions, type DecideOptions } from '../bind/decide.ts'
import type { CommandDefinition } from '../command.ts'

/** `waystone answer RUN OUTCOME`. */
export const answer: CommandDefinition<DecideOptions> = {
  examples: [
    ['answer last happened --reason "seen in the ledger"', 'say what became of an effect whose outcome is not known'],
    [`answer last asked --reason "which order?"`, 'ask back'],
  ],
  configure: (command) =>
    decideOptions(command)
      .argument('<outcome>', 'one of the outcomes the request offers')
      .option('--response <json>', 'the answer the request asks for: JSON, or @file')
      .option('--result <json>', 'for "happened": what came of it, JSON or @file')
      .option('--edit <json>', 'for "edited": keys or arguments as they shall be, a JSON object or @file'),
  run: ([reference = '', outcome = ''], options, context) =>
    decide(reference, options, { context, outcomeOf: () => outcome }),
}
