import type { Acceptance, Run } from '@waystone/core'
import { tagNames } from './tag-names.ts'
import type { Command as Commander } from 'commander'
import type { CommonOptions, Context } from '../command.ts'
import type { ExitName } from '../exit-codes.ts'
import { argumentError } from '../json-argument.ts'
import { personName } from '../live/person-name.ts'
import { printable } from '../output/printable.ts'
import { openRow, openRun, type RunOptions } from './open-run.ts'

/** Options of the operator's commands. */
export interface OperateOptions extends CommonOptions, RunOptions {
  readonly reason?: string
  readonly by?: string
}

/** Declares what the operator's commands share. */
export function operateOptions(command: Commander): Commander {
  return command
    .argument('<run>', 'id, beginning of an id, or "last"')
    .requiredOption('--reason <text>', 'why; stored with the move')
    .option('--by <name>', 'who does it (default: $WAYSTONE_BY, else the account)')
    .option('--file <file>', 'the workflow, when it has moved: FILE or FILE#export')
}

/** An operator's move on a run, by the name of its command. */
export type Move = 'hold' | 'release' | 'cancel' | 'patch' | 'redirect'

/** Who makes a move and why. */
export interface Mover {
  readonly by: string
  readonly reason: string
}

/** Makes one of the operator's moves that need nothing else. */
export async function operate(
  move: 'hold' | 'cancel',
  given: { reference: string; options: OperateOptions },
  context: Context,
): Promise<ExitName> {
  return await operateBy(move, { ...given, make: (run, by) => run[move](by) }, context)
}

/** Makes an operator's move. The run is not driven further here. */
export async function operateBy(
  move: Move,
  given: {
    readonly reference: string
    readonly options: OperateOptions
    readonly make: (run: Run, by: Mover) => Promise<Acceptance>
  },
  context: Context,
): Promise<ExitName> {
  const { reference, options, make } = given
  const reason = options.reason ?? ''
  if (reason.trim() === '') throw argumentError('--reason: found nothing; allowed is a text that says why')
  const row = await openRow(reference, options, context)
  // The move starts no effect, so a run with real models needs no --live here.
  const { run, bound } = await openRun(row, { ...options, live: row.tags[tagNames.models] === 'live' }, context)
  try {
    const acceptance = await make(run, { by: options.by ?? personName(context.around), reason })
    const { status, sequence } = await run.status()
    context.json({ runId: run.runId, move, acceptance, status, sequence })
    return say(acceptance, { context, move, runId: run.runId, status })
  } finally {
    // A release or a patch may have begun something before it could be closed: stopped half-way nobody would know what came of it.
    await bound.close({ drain: true })
  }
}

interface Said {
  readonly context: Context
  readonly move: Move
  readonly runId: string
  readonly status: string
}

function say(acceptance: Acceptance, { context, move, runId, status }: Said): ExitName {
  switch (acceptance.type) {
    case 'applied':
      context.print(`${move} applied at checkpoint ${acceptance.sequence}; run ${runId} is ${status}.`)
      if (move !== 'hold' && status === 'running') context.print(`Go on with: ${context.advise(`resume ${runId}`)}`)
      return 'done'
    case 'delivered':
      context.print(`${move} delivered to run ${runId}; the process that drives it takes it from there.`)
      return 'done'
    case 'refused':
      context.note(`${context.style('bad', 'refused')} (${acceptance.reason}): ${printable(acceptance.message)}`)
      return 'failed'
  }
}
