import { auditRun, formatStep, type Audit } from '@waystone/core'
import { openRow, type RunOptions } from '../bind/open-run.ts'
import { sayMissing, wholeStore } from '../bind/whole-store.ts'
import type { CommandDefinition, CommonOptions, Context } from '../command.ts'
import { guardText } from '../graph/edge-labels.ts'
import { calledOffText } from '../output/called-off-text.ts'
import { nodeText } from '../output/node-text.ts'
import { placedText, targetText } from '../output/target-text.ts'
import { tooManyText } from '../output/handoff-text.ts'
import { personText, voidedText } from '../output/person-text.ts'
import { printable, printableJson, printableLine } from '../output/printable.ts'
import { refusedText } from '../output/refused-text.ts'
import { table } from '../output/table.ts'
import { formatTime } from '../output/units.ts'
import { counted } from '../output/usage-text.ts'

interface AuditOptions extends CommonOptions, RunOptions {}

/** `waystone audit RUN`. */
export const audit: CommandDefinition<AuditOptions> = {
  examples: [['audit last', 'who decided what, whether policies held, and whether the chain of checkpoints is intact']],
  configure: (command) => command.argument('<run>', 'id, beginning of an id, or "last"'),
  async run([reference = ''], options, context) {
    const row = await openRow(reference, options, context)
    const found = await auditRun(await wholeStore(row, options, context), row.runId, sayMissing(context))
    context.json(found)
    context.print(...auditLines(found, context))
    const held = found.policies.every(({ violations, untold }) => violations.length === 0 && untold === undefined)
    const isGood = found.chain.isIntact && held
    return isGood ? 'done' : 'failed'
  },
}

function auditLines(found: Audit, { style }: Context): readonly string[] {
  if (!found.chain.isIntact) {
    return [
      `${style('bad', 'broken')}  the chain of run ${found.runId}: ${printable(found.chain.problem ?? '')}`,
      'Nothing else is reported: what can be read cannot be trusted.',
    ]
  }
  return [
    `${style('good', 'intact')}  run ${found.runId}, workflow ${found.workflow}: ${counted(found.transitions.length, 'checkpoint')}, each hash verified and chained to the one before`,
    ...missingLines(found),
    '',
    'Transitions:',
    ...transitionLines(found),
    '',
    found.people.length === 0 ? 'No person decided anything.' : 'People:',
    ...found.people.flatMap(personLines),
    ...(found.handoffs.length === 0 ? [] : ['', 'Handoffs, with the reasons that models gave:']),
    ...found.handoffs.map(handoffLine),
    ...(found.events.length === 0 ? [] : ['', 'Events from outside:']),
    ...found.events.map(eventLine),
    ...(found.refused.length === 0 ? [] : ['', 'Delivered, and refused:']),
    ...found.refused.map((event) => `        ${refusedText(event)}`),
    ...(found.compensations.length === 0 ? [] : ['', 'What was undone:']),
    ...found.compensations.map(compensationLine),
    '',
    found.policies.length === 0 ? 'No policies.' : 'Policies:',
    ...found.policies.map((policy) => policyLine(policy, found, style)),
  ]
}

function missingLines({ missingOrigin: missing }: Audit): readonly string[] {
  if (missing === undefined) return []
  return [
    `Run ${missing.runId}, of which checkpoint ${missing.sequence} is its origin, is no longer stored: what its guards had read is not known. What was approved there counts for no fork.`,
  ]
}

/** Who decided what; of a call also its arguments, and what they were changed to: nothing is left out. */
function personLines(person: Audit['people'][number]): readonly string[] {
  const { sequence, at, through, node, items, tool, outcome, reason, edited } = person
  const what = `${node === null ? '' : `${nodeText(node, items)} `}${tool === undefined ? '' : `${printableLine(tool)} `}${outcome}`
  const asked = person.arguments === undefined ? [] : [`asked   ${printableJson(person.arguments, 0)}`]
  const became = edited === undefined ? [] : [`edited  ${printableJson(edited, 0)}`]
  return [
    `  ${String(sequence).padStart(4)}  ${formatTime(at)}  ${personText(person)} (${printableLine(through)})  ${what}${person.isPartial === true ? ', with others' : ''}${voidedText(person.voided)}${reason === '' ? '' : `: ${printableLine(reason)}`}`,
    ...[...asked, ...became].map((line) => `${' '.repeat(30)}${line}`),
  ]
}

function handoffLine({ sequence, at, from, items, to, reason, tooMany }: Audit['handoffs'][number]): string {
  const many = tooMany === undefined ? '' : `  (${tooManyText(tooMany)})`
  return `  ${String(sequence).padStart(4)}  ${formatTime(at)}  ${nodeText(from, items)} → ${targetText(to)}: “${printableLine(reason)}”${many}`
}

function eventLine({ sequence, at, id, event, key, by, through, taken }: Audit['events'][number]): string {
  const about = key === null ? '' : ` for ${printableLine(key)}`
  const whose = by === undefined ? 'no sender named' : `by ${printableLine(by)} (${printableLine(through ?? '')})`
  const taker = taken === null ? 'no wait took it' : `taken by ${nodeText(taken.node)}, ${taken.sequence}`
  return `  ${String(sequence).padStart(4)}  ${formatTime(at)}  ${printableLine(event)}${about}  ${whose}, id ${printableLine(id)}: ${taker}`
}

function compensationLine(one: Audit['compensations'][number]): string {
  const { sequence, at, step, tool, attempt, outcome, problem } = one
  const what = `${formatStep(one)} (step ${step})`
  const by = tool === undefined ? 'by a function of its author' : `by tool ${printableLine(tool)}`
  const tried = attempt === 1 ? '' : `, attempt ${attempt}`
  const why = problem === undefined ? '' : `: ${printableLine(problem)}`
  return `  ${String(sequence).padStart(4)}  ${formatTime(at)}  ${what}  ${by}${tried}  ${outcome}${why}`
}

function transitionLines({ transitions }: Audit): readonly string[] {
  const rows = transitions.map(({ sequence, at, actor, event, decision, items = [], neverBegan, calledOff }) => [
    String(sequence),
    formatTime(at),
    printableLine(actor),
    event,
    decision === null
      ? neverBegan === true
        ? 'never began'
        : calledOff === undefined
          ? ''
          : calledOffText(calledOff)
      : `${decision.taken}${decision.to === null ? '' : ` → ${placedText(decision.to, { node: decision.node, items })}`}`,
  ])
  return table(
    [{ title: '   seq', align: 'right' }, { title: 'at' }, { title: 'who' }, { title: 'event' }, { title: 'edge' }],
    rows,
  )
}

function policyLine(found: Audit['policies'][number], { missingOrigin }: Audit, style: Context['style']): string {
  const { policy, violations, uses, untold, overridden } = found
  const given = policy.given === null ? '' : `, given ${guardText(policy.given)}`
  const { without } = policy
  const crossing = without === 'approval' ? 'an approval' : `${without.node}.${without.outcome}`
  const rule = `${policy.never} never without ${crossing}${given}`
  const used = uses.length === 0 ? 'not used' : `used at ${uses.join(', ')}`
  const moved = overridden === undefined ? '' : `; overridden at ${overridden.join(', ')}`
  const gone = missingOrigin === undefined ? 'is left out' : `stood in run ${missingOrigin.runId}, which is gone`
  const unknown = untold === undefined ? '' : `; what tells of ${untold.join(', ')} ${gone}`
  if (violations.length > 0)
    return `  ${style('bad', 'broken')}  ${rule} (${used}; broken at ${violations.join(', ')}${unknown}${moved})`
  if (untold !== undefined) return `  ${style('bad', 'cannot tell')}  ${rule} (${used}${unknown}${moved})`
  return `  ${style('good', 'held')}  ${rule} (${used}${moved})`
}
