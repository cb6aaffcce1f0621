import { InputError, type Acceptance, type DecisionInput, type Request } from '@waystone/core'
import { tagNames } from './tag-names.ts'
import type { CommonOptions, Context } from '../command.ts'
import { Option, type Command as Commander } from 'commander'
import type { ExitName } from '../exit-codes.ts'
import { argumentError, readCount, readJson, readJsonObject } from '../json-argument.ts'
import { driveRun } from '../live/drive.ts'
import { personName } from '../live/person-name.ts'
import { nodeText } from '../output/node-text.ts'
import { printable } from '../output/printable.ts'
import { exampleText, requestLine, resultNeedText } from '../output/request-text.ts'
import { parseDuration } from '../output/units.ts'
import { awaitOwner } from './await-owner.ts'
import { closedText, type ClosedSource } from './closed-text.ts'
import { goOnAfterRefusal, takeOver } from './go-on.ts'
import { lacksLive, openRow, openRun, type OpenedRun, type RunOptions } from './open-run.ts'

/** Options of the commands with which a person decides. */
export interface DecideOptions extends CommonOptions, RunOptions {
  readonly step?: string
  readonly reason?: string
  readonly edit?: string
  readonly response?: string
  readonly result?: string
  readonly by?: string
  readonly for?: string
  readonly detach?: boolean
  readonly remember?: 'run' | 'workflow'
  readonly rememberFor?: string
  readonly matching?: string
}

/** Declares what the deciding commands share. */
export function decideOptions(command: Commander): Commander {
  return command
    .argument('<run>', 'id, beginning of an id, or "last"')
    .option('--step <number>', 'which request, when several are open')
    .option('--reason <text>', 'why; stored with the decision')
    .option('--by <name>', 'who decides (default: $WAYSTONE_BY, else the account)')
    .option('--for <person>', 'whom it is decided for, by their delegate')
    .option('--detach', 'only record the decision; do not go on with the run here')
    .addOption(
      new Option('--remember <scope>', 'decide calls to come alike, in this run or all runs of the workflow').choices([
        'run',
        'workflow',
      ]),
    )
    .option('--matching <json>', 'with --remember: arguments that a call must have, or "any" (default: the same)')
    .option('--remember-for <time>', 'with --remember: until it is forgotten, as 30d')
    .option('--file <file>', 'the workflow, when it has moved: FILE or FILE#export')
    .option('--live', 'go on with real models; needed for runs that were started with them')
}

/**
 * Answers an open request, then goes on with the run here unless another process drives it.
 *
 * @param outcomeOf - the outcome meant, given the request
 */
export async function decide(
  reference: string,
  options: DecideOptions,
  { context, outcomeOf }: { context: Context; outcomeOf: (request: Request) => string },
): Promise<ExitName> {
  const row = await openRow(reference, options, context)
  const isRecordedOnly = options.detach === true || lacksLive(row, options)
  const opened = await openRun(
    row,
    isRecordedOnly ? { ...options, live: row.tags[tagNames.models] === 'live' } : options,
    context,
  )
  const { run, bound } = opened
  try {
    const request = await pickRequest(await run.requests(), options, opened)
    const decision = decisionOf(outcomeOf(request), request, { options, context })
    const acceptance = await run.decide(request, decision, { isRecordedOnly })
    if (acceptance.type === 'refused') {
      const exit = refused(opened, { request, acceptance, context })
      if (!isRecordedOnly) await goOnAfterRefusal(opened, { context, after: row.sequence })
      return exit
    }
    const tool = request.kind === 'call' ? request.action.find((action) => action.tool !== undefined)?.tool : undefined
    const place = nodeText(request.node, request.items)
    const what = tool === undefined ? place : `${place}, ${printable(tool)}:`
    const said = `${what} ${decision.outcome} by ${decision.by}`
    const say = (line: string): void => (context.isJson ? context.note(line) : context.print(line))
    if (isRecordedOnly) {
      // Whoever drives the run takes it in, unless somebody else's was there before.
      say(acceptance.type === 'applied' ? said : `Handed over: ${said}`)
      return recorded(opened, { request, acceptance, options, context })
    }
    if (acceptance.type === 'applied') say(said)
    await takeOver(run, context)
    const isTaken =
      acceptance.type === 'applied' ||
      (await wasTaken({ opened, request, acceptance }, { context, say: () => say(said) }))
    const exit = await driveRun(run, bound, { context, options: { after: row.sequence } })
    return isTaken ? exit : 'failed'
  } finally {
    await bound.close()
  }
}

async function recorded(
  { run, row }: OpenedRun,
  {
    request,
    acceptance,
    options,
    context,
  }: { request: Request; acceptance: object; options: DecideOptions; context: Context },
): Promise<ExitName> {
  const live = lacksLive(row, options) || options.live === true ? ' --live' : ''
  context.print(`Recorded. Go on with: ${context.advise(`resume ${run.runId}${live}`)}`)
  context.json({ runId: run.runId, request: request.id, acceptance })
  return 'done'
}

/** Says what became of a decision that another process has to take. @returns false when somebody else was faster */
async function wasTaken(
  { opened, request, acceptance }: { opened: OpenedRun; request: Request; acceptance: Acceptance },
  { context, say }: { context: Context; say: () => void },
): Promise<boolean> {
  const became = await awaitOwner(opened.run, acceptance, context)
  if (became.type === 'refused') {
    const closed = became.reason === 'already-decided' ? await closedText(sourceOf(opened), request.step) : undefined
    context.note(`${context.style('bad', 'refused')} (${became.reason}): ${closed ?? printable(became.message)}`)
    return false
  }
  say()
  if (became.type === 'delivered') context.note('The process that drives the run has not taken it yet.')
  return true
}

function refused(
  { run }: OpenedRun,
  {
    request,
    acceptance,
    context,
  }: { request: Request; acceptance: Extract<Acceptance, { type: 'refused' }>; context: Context },
): ExitName {
  context.note(`${context.style('bad', 'refused')} (${acceptance.reason}): ${printable(acceptance.message)}`)
  context.json({ runId: run.runId, request: request.id, acceptance })
  return 'failed'
}

/** The request that is meant. @throws {InputError} when none is open, or several are and none is named; it says what became of one that was */
export async function pickRequest(
  requests: readonly Request[],
  { step }: Pick<DecideOptions, 'step'>,
  opened: OpenedRun,
): Promise<Request> {
  const { row } = opened
  const number = step === undefined ? undefined : readCount(step, '--step')
  const found = number === undefined ? undefined : requests.find((request) => request.step === number)
  if (found !== undefined) return found
  const [first, ...others] = requests
  if (first === undefined) {
    const { status } = await opened.run.status()
    const closed = await closedText(sourceOf(opened), number)
    const asked =
      number === undefined && closed !== undefined ? `; last, ${closed}` : `; ${closed ?? neverAsked(number)}`
    throw new InputError(
      'WAYSTONE_INPUT_NO_REQUEST',
      `run ${row.runId} asks nothing now; its status is ${status}${asked}`,
      { runId: row.runId },
    )
  }
  const listed = requests.map((request) => `\n  ${requestLine(request)}`).join('')
  if (number === undefined) {
    if (others.length === 0) return first
    throw argumentError(`run ${row.runId} has ${requests.length} open requests; say which with --step:${listed}`)
  }
  throw argumentError(
    `--step: ${(await closedText(sourceOf(opened), number)) ?? neverAsked(number)}; open are:${listed}`,
  )
}

function sourceOf({ run, bound }: OpenedRun): ClosedSource {
  return { run, runtime: bound.runtime }
}

function neverAsked(step: number | undefined): string {
  return step === undefined ? 'it has asked nothing so far' : `step ${step} asked nobody in this run`
}

function decisionOf(
  outcome: string,
  request: Request,
  { options, context }: { options: DecideOptions; context: Context },
): DecisionInput {
  const { cwd } = context.around
  const allowed = request.options.map((option) => option.outcome)
  if (!allowed.includes(outcome))
    throw argumentError(
      `${nodeText(request.node, request.items)} has no answer "${outcome}"; allowed is ${allowed.join(', ')}`,
    )
  if (options.result === undefined && request.result?.neededFor.includes(outcome) === true)
    throw argumentError(
      `"${outcome}" needs --result: ${resultNeedText(request.result)}; for example --result ${exampleText(request.result)}`,
    )
  return {
    outcome,
    by: options.by ?? personName(context.around),
    ...(options.for === undefined ? {} : { for: options.for }),
    through: 'cli',
    ...(options.reason === undefined ? {} : { reason: options.reason }),
    ...rememberOf(options, cwd),
    ...(options.edit === undefined ? {} : { edits: readJsonObject({ text: options.edit, option: '--edit', cwd }) }),
    ...(options.response === undefined
      ? {}
      : { response: readJson({ text: options.response, option: '--response', cwd }) }),
    ...(options.result === undefined ? {} : { result: readJson({ text: options.result, option: '--result', cwd }) }),
  }
}

function rememberOf({ remember, matching, rememberFor }: DecideOptions, cwd: string): Pick<DecisionInput, 'remember'> {
  if (remember === undefined) {
    if (matching !== undefined || rememberFor !== undefined)
      throw argumentError('--matching and --remember-for say how far --remember goes; it is not given')
    return {}
  }
  const lastsMs = rememberFor === undefined ? undefined : parseDuration(rememberFor)
  if (rememberFor !== undefined && lastsMs === undefined)
    throw argumentError(`--remember-for: found ${JSON.stringify(rememberFor)}; allowed is a time such as 30d`)
  const wanted =
    matching === undefined || matching === 'any'
      ? matching
      : readJsonObject({ text: matching, option: '--matching', cwd })
  return {
    remember: {
      scope: remember,
      ...(wanted !== undefined && { arguments: wanted }),
      ...(lastsMs !== undefined && { expiresIn: lastsMs }),
    },
  }
}
