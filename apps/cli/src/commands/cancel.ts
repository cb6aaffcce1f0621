import { operate, operateOptions, type OperateOptions } from '../bind/operate.ts'
import type { CommandDefinition } from '../command.ts'

/** `waystone cancel RUN`. */
export const cancel: CommandDefinition<OperateOptions> = {
  examples: [['cancel last --reason "the customer withdrew"', 'end a run for good']],
  configure: operateOptions,
  run: ([reference = ''], options, context) => operate('cancel', { reference, options }, context),
}
