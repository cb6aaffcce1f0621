import { decide, decideOptions, type DecideOptions } from '../bind/decide.ts'
import type { CommandDefinition } from '../command.ts'

/** `waystone approve RUN`. */
export const approve: CommandDefinition<DecideOptions> = {
  examples: [
    ['approve last --reason "checked the order by hand"', 'approve what the newest run asks'],
    ['approve last --step 4 --reason "the fourth one is right"', 'approve one of several that are open'],
    [`approve 01k9 --edit '{"amountUsd":40}' --reason "partial refund"`, 'approve it edited'],
  ],
  configure: (command) =>
    decideOptions(command)
      .option(
        '--edit <json>',
        'keys or arguments as they shall be: a JSON object, or @file; the outcome is then "edited"',
      )
      .option('--response <json>', 'the answer the request asks for: JSON, or @file'),
  run: ([reference = ''], options, context) =>
    decide(reference, options, { context, outcomeOf: () => (options.edit === undefined ? 'approved' : 'edited') }),
}
