import { operateBy, operateOptions, type OperateOptions } from '../bind/operate.ts'
import type { CommandDefinition } from '../command.ts'

/** `waystone hold RUN`. */
export const hold: CommandDefinition<OperateOptions> = {
  examples: [['hold last --reason "prices are being corrected"', 'start nothing new until released']],
  configure: operateOptions,
  run: ([reference = ''], options, context) =>
    operateBy('hold', { reference, options, make: (run, by) => run.hold(by) }, context),
}
