import { createRuntime, type RememberedRule } from '@waystone/core'
import { openRow, openRun, type RunOptions } from '../bind/open-run.ts'
import { tagNames } from '../bind/tag-names.ts'
import type { CommandDefinition, CommonOptions, Context } from '../command.ts'
import type { ExitName } from '../exit-codes.ts'
import { argumentError } from '../json-argument.ts'
import { personName } from '../live/person-name.ts'
import { loadConfig } from '../load/config-file.ts'
import { personText } from '../output/person-text.ts'
import { printable, printableJson, printableLine } from '../output/printable.ts'
import { formatTime } from '../output/units.ts'

interface RulesOptions extends CommonOptions, RunOptions {
  readonly revoke?: string
  readonly reason?: string
  readonly by?: string
}

/** `waystone rules [RUN]`. */
export const rules: CommandDefinition<RulesOptions> = {
  examples: [
    ['rules', 'decisions that are remembered in all runs of a workflow'],
    ['rules last', 'those that hold in the newest run, its own first'],
    ['rules last --revoke 01k9/4 --reason "no longer right"', 'take one back'],
  ],
  configure: (command) =>
    command
      .argument('[run]', 'id, beginning of an id, or "last"')
      .option('--revoke <rule>', 'take this rule back; one of a run needs the run')
      .option('--reason <text>', 'why it is taken back')
      .option('--by <name>', 'who takes it back (default: $WAYSTONE_BY, else the account)')
      .option('--file <file>', 'the workflow, when it has moved: FILE or FILE#export'),
  async run([reference], options, context) {
    if (reference !== undefined) return await ofRun(reference, options, context)
    const configStore = options.store === undefined ? (await loadConfig(context.around.cwd)).config.store : undefined
    const runtime = createRuntime({ store: await context.store(configStore) })
    try {
      if (options.revoke !== undefined) return await revoke(runtime, { options, context })
      return list(await runtime.rules(), context)
    } finally {
      await runtime.close()
    }
  },
}

async function ofRun(reference: string, options: RulesOptions, context: Context): Promise<ExitName> {
  const row = await openRow(reference, options, context)
  const { run, bound } = await openRun(row, { ...options, live: row.tags[tagNames.models] === 'live' }, context)
  try {
    if (options.revoke !== undefined) return await revoke(bound.runtime, { options, context })
    return list(await run.rules(), context)
  } finally {
    await bound.close({ drain: true })
  }
}

async function revoke(
  runtime: ReturnType<typeof createRuntime>,
  { options, context }: { readonly options: RulesOptions; readonly context: Context },
): Promise<ExitName> {
  const { revoke: id = '', reason = '', by = personName(context.around) } = options
  if (reason.trim() === '') throw argumentError('--reason: found nothing; allowed is a text that says why')
  const revocation = await runtime.revokeRule(id, { by, reason })
  context.json({ rule: id, revocation })
  if (revocation.type === 'refused') {
    context.note(`${context.style('bad', 'refused')} (${revocation.reason}): ${printable(revocation.message)}`)
    return 'failed'
  }
  context.print(revocation.type === 'revoked' ? `revoked ${id}` : `handed over: ${id} is revoked by who drives the run`)
  return 'done'
}

function list(found: readonly RememberedRule[], context: Context): ExitName {
  context.json({ rules: found })
  context.print(
    ...(found.length === 0 ? ['Nothing is remembered.'] : found.flatMap((rule) => ruleLines(rule, context))),
  )
  return 'done'
}

function ruleLines(rule: RememberedRule, { style, around }: Context): readonly string[] {
  const { id, scope, workflow, outcome, node, tool, isExact, reason, at, expiresAt, revoked } = rule
  const which =
    rule.arguments === null ? 'any arguments' : `${isExact ? 'exactly' : 'with'} ${printableJson(rule.arguments, 0)}`
  const state =
    revoked !== null
      ? style('bad', `revoked by ${printableLine(revoked.by)}: ${printableLine(revoked.reason)}`)
      : expiresAt !== null && expiresAt <= around.now()
        ? style('quiet', `expired ${formatTime(expiresAt)}`)
        : expiresAt === null
          ? ''
          : `until ${formatTime(expiresAt)}`
  return [
    `${id}  ${style('strong', outcome)} ${printableLine(tool)} of ${node}, ${scope === 'run' ? 'this run' : `all runs of ${printableLine(workflow)}`}  ${state}`.trimEnd(),
    `  ${which}`,
    `  by ${personText(rule)}, ${formatTime(at)}${reason === '' ? '' : `: ${printableLine(reason)}`}`,
  ]
}
