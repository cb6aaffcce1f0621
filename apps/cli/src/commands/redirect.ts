import { operateBy, operateOptions, type OperateOptions } from '../bind/operate.ts'
import type { CommandDefinition } from '../command.ts'

interface RedirectOptions extends OperateOptions {
  readonly override?: readonly string[]
}

/** `waystone redirect RUN NODE`. */
export const redirect: CommandDefinition<RedirectOptions> = {
  examples: [
    ['redirect last review --reason "looked wrong"', 'close what is open and go on at a redirectable node'],
    ['redirect 01k9 research/draft --reason "start over"', 'inside a nested workflow that is under way'],
  ],
  configure: (command) =>
    operateOptions(command)
      .argument('<node>', 'a node that is declared redirectable; node/node inside a nested workflow')
      .option('--override <tool...>', 'tools that may run although nobody approves them on the way; recorded'),
  run: ([reference = '', to = ''], options, context) =>
    operateBy(
      'redirect',
      { reference, options, make: (run, by) => run.redirect({ ...by, to, override: options.override ?? [] }) },
      context,
    ),
}
