import { decide, decideOptions, type DecideOptions } from '../bind/decide.ts'
import type { CommandDefinition } from '../command.ts'

/** `waystone reject RUN`. */
export const reject: CommandDefinition<DecideOptions> = {
  examples: [['reject last --reason "the order was already refunded"', 'reject what the newest run asks']],
  configure: (command) =>
    decideOptions(command).option('--response <json>', 'the answer the request asks for: JSON, or @file'),
  run: ([reference = ''], options, context) => decide(reference, options, { context, outcomeOf: () => 'rejected' }),
}
