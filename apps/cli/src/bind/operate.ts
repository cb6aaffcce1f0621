import { createRuntime, DefinitionError, InputError, type Acceptance, type Run } from '@waystone/core'
import { tagNames } from './tag-names.ts'
import type { RunRow } from '@waystone/core/store'
import type { Command as Commander } from 'commander'
import type { CommonOptions, Context } from '../command.ts'
import type { ExitName } from '../exit-codes.ts'
import { argumentError } from '../json-argument.ts'
import { personName } from '../live/person-name.ts'
import { printable } from '../output/printable.ts'
import { oldFileHint } from '../output/report-error.ts'
import { awaitOwner } from './await-owner.ts'
import { openRow, openRun, type OpenedRun, type RunOptions } from './open-run.ts'

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

/** Makes an operator's move. The run is driven further here only where `goOn` says so. */
export async function operateBy(
  move: Move,
  given: {
    readonly reference: string
    readonly options: OperateOptions
    readonly make: (run: Run, by: Mover) => Promise<Acceptance>
    /** Goes on with the run here where the move leaves that to do. @returns undefined: there is nothing to do */
    readonly goOn?: (opened: OpenedRun, acceptance: Acceptance) => Promise<ExitName | undefined>
  },
  context: Context,
): Promise<ExitName> {
  const { reference, options, make } = given
  const reason = options.reason ?? ''
  if (reason.trim() === '') throw argumentError('--reason: found nothing; allowed is a text that says why')
  const row = await openRow(reference, options, context)
  // The move starts no effect, so a run with real models needs no --live here.
  const opened = await openForMove(row, { ...options, live: row.tags[tagNames.models] === 'live' }, { move, context })
  const { run, bound } = opened
  try {
    const made = await make(run, { by: options.by ?? personName(context.around), reason })
    const acceptance = await awaitOwner(run, made, context)
    const exit = 'row' in opened ? await given.goOn?.(opened, acceptance) : undefined
    const { status, sequence, compensation } = await run.status()
    const undone = compensation === undefined ? {} : { compensation }
    context.json({ runId: run.runId, move, acceptance, status, sequence, ...undone })
    return exit ?? say(acceptance, { context, move, row, status, isElsewhere: made.type === 'delivered' })
  } finally {
    // A release or a patch may have begun something before it could be closed: stopped half-way nobody would know what came of it.
    await bound.close({ drain: true })
  }
}

/** The run, with its workflow or, for a move that runs nothing of it, also without when its file cannot be loaded. */
async function openForMove(
  row: RunRow,
  options: OperateOptions,
  { move, context }: { readonly move: Move; readonly context: Context },
): Promise<OpenedRun | { readonly run: Run; readonly bound: Pick<OpenedRun['bound'], 'close'> }> {
  try {
    return await openRun(row, options, context)
  } catch (error) {
    const isUnloaded = InputError.isInstance(error) || DefinitionError.isInstance(error)
    if ((move !== 'hold' && move !== 'cancel') || options.file !== undefined || !isUnloaded) throw error
    context.note(`The workflow could not be loaded, and ${move} goes on without: ${printable(error.message)}`)
    const runtime = createRuntime({ store: await context.store() })
    const leave = context.interrupts.guard(runtime)
    const bound = {
      async close(): Promise<void> {
        await runtime.close()
        leave()
      },
    }
    return { run: await runtime.open(row.runId), bound }
  }
}

function whoDrives({ lease }: RunRow): string {
  return lease === null ? '' : ` (${lease.owner.pid} on ${lease.owner.host})`
}

interface Said {
  readonly context: Context
  readonly move: Move
  readonly row: RunRow
  readonly status: string
  /** Another process took it, or is to. */
  readonly isElsewhere: boolean
}

function say(acceptance: Acceptance, { context, move, row, status, isElsewhere }: Said): ExitName {
  const { runId } = row
  switch (acceptance.type) {
    case 'applied': {
      const isFree = status === 'running' && !isElsewhere
      context.print(
        `${move} applied at checkpoint ${acceptance.sequence}; run ${runId} ${isFree ? 'can go on, and no process drives it' : `is ${status}`}.`,
      )
      if (isElsewhere) {
        if (move !== 'hold' && status === 'running')
          context.print(`It goes on in the process that drives it${whoDrives(row)}.`)
      } else if (move !== 'hold' && status === 'running')
        context.print(`Go on with: ${context.advise(`resume ${runId}`)}`)
      return 'done'
    }
    case 'delivered':
      if (acceptance.message !== undefined) {
        context.note(`${move} is not applied: ${printable(acceptance.message)}`, oldFileHint)
        return 'unfinished'
      }
      context.print(
        `${move} delivered to run ${runId}; the process that drives it${whoDrives(row)} has not taken it yet. What becomes of it: ${context.advise(`show ${runId}`)}`,
      )
      return 'unfinished'
    case 'refused':
      context.note(`${context.style('bad', 'refused')} (${acceptance.reason}): ${printable(acceptance.message)}`)
      return 'failed'
  }
}
