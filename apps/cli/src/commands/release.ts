import { operate, operateOptions, type OperateOptions } from '../bind/operate.ts'
import type { CommandDefinition } from '../command.ts'

/** `waystone release RUN`. */
export const release: CommandDefinition<OperateOptions> = {
  examples: [['release last --reason "prices are right again"', 'go on after a hold']],
  configure: operateOptions,
  run: ([reference = ''], options, context) => operate('release', { reference, options }, context),
}
