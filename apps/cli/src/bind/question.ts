import type { Acceptance, Request, Run } from '@waystone/core'
import type { Command as Commander } from 'commander'
import type { CommonOptions, Context } from '../command.ts'
import type { ExitName } from '../exit-codes.ts'
import { nodeText } from '../output/node-text.ts'
import { printable } from '../output/printable.ts'
import { awaitOwner } from './await-owner.ts'
import { pickRequest } from './decide.ts'
import { openRow, openRun, type RunOptions } from './open-run.ts'
import { tagNames } from './tag-names.ts'

/** Options of what is said about a request without deciding it. */
export interface QuestionOptions extends CommonOptions, RunOptions {
  readonly step?: string
  readonly by?: string
}

/** Declares them. */
export function questionOptions(command: Commander): Commander {
  return command
    .argument('<run>', 'id, beginning of an id, or "last"')
    .option('--step <number>', 'which request, when several are open')
    .option('--by <name>', 'who says it (default: $WAYSTONE_BY, else the account)')
    .option('--file <file>', 'the workflow, when it has moved: FILE or FILE#export')
}

/** Asks about an open request, or answers a question about it. Nothing is driven here. */
export async function questionRun(
  reference: string,
  options: QuestionOptions,
  {
    context,
    act,
  }: { readonly context: Context; readonly act: (run: Run<object>, request: Request) => Promise<Acceptance> },
): Promise<ExitName> {
  const row = await openRow(reference, options, context)
  const opened = await openRun(row, { ...options, live: row.tags[tagNames.models] === 'live' }, context)
  const { run, bound } = opened
  try {
    const request = await pickRequest(await run.requests(), options, opened)
    const acceptance = await awaitOwner(run, await act(run, request), context)
    const left = (await run.requests()).find(({ id }) => id === request.id)
    const lost = lostVoices(request, left)
    context.json({ runId: run.runId, request: request.id, acceptance, ...(lost.length > 0 && { lost }) })
    if (acceptance.type === 'refused') {
      context.note(`${context.style('bad', 'refused')} (${acceptance.reason}): ${printable(acceptance.message)}`)
      return 'failed'
    }
    context.print(`Recorded; step ${request.step} of ${nodeText(request.node, request.items)} stays open.`)
    for (const { by, outcome } of lost)
      context.print(`That ${printable(by)} ${outcome} it no longer counts: what is asked has changed since.`)
    return 'done'
  } finally {
    await bound.close({ drain: true })
  }
}

type Voice = NonNullable<Request['quorum']>['votes'][number]

/** Who had decided on what was asked before, and is to be asked again. */
function lostVoices(before: Request, left: Request | undefined): readonly Voice[] {
  const still = left?.quorum?.votes ?? []
  const isLost = ({ at, by }: Voice): boolean => !still.some((vote) => vote.at === at && vote.by === by)
  return left === undefined ? [] : (before.quorum?.votes ?? []).filter(isLost)
}
