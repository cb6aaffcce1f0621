import { operateBy, operateOptions, type OperateOptions } from '../bind/operate.ts'
import type { CommandDefinition } from '../command.ts'

interface ReleaseOptions extends OperateOptions {
  readonly override?: readonly string[]
}

/** `waystone release RUN`. */
export const release: CommandDefinition<ReleaseOptions> = {
  examples: [['release last --reason "prices are right again"', 'go on after a hold']],
  configure: (command) =>
    operateOptions(command).option('--override <tool...>', 'tools that may run on a yes to what was changed; recorded'),
  run: ([reference = ''], options, context) =>
    operateBy(
      'release',
      { reference, options, make: (run, by) => run.release({ ...by, override: options.override ?? [] }) },
      context,
    ),
}
