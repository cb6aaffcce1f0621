import { indexEntries } from '../base/with-index.ts'
import { checkpointFormat, type Checkpoint } from '../snapshot/checkpoint.ts'
import type { Command } from '../snapshot/command.ts'
import { patchTo } from '../snapshot/key-order.ts'
import { isAsking, statusOf, type RunContext, type Snapshot } from '../snapshot/snapshot.ts'
import type { StickyRule } from '../snapshot/sticky-rule.ts'
import { chained } from './chained.ts'
import { commandsBetween } from './commands.ts'
import type { CompiledWorkflow } from './compiled-workflow.ts'
import { ledgersOf } from './ledger.ts'
import { limitsLeft } from './limits.ts'
import { mendCrossed } from './operator-policies.ts'
import { itemsAround, lifted } from './place.ts'
import type { Plan } from './planned.ts'
import { withReceived } from './received.ts'
import { roomTaken } from './room.ts'
import type { Changes } from './routed.ts'
import type { Facts, RunAt } from './run-at.ts'
import { withContext } from './steps.ts'
import { withWithheld } from './withheld.ts'

/** The transition to a snapshot of this place, written into the whole run. */
export function applied(run: RunAt, next: Snapshot, facts: Facts): Extract<Plan, { readonly type: 'applied' }> {
  const { root, position, event } = run
  const { compiled, snapshot: before } = root
  const whole = facts.isWhole === true ? next : lifted(run, next, event.at)
  const room = whole.context.short === undefined ? undefined : roomTaken(run, whole)
  const moved = room?.next ?? whole
  const received = moved.context.received === undefined ? moved : withReceived(before?.context ?? null, moved)
  const mended = mendCrossed(compiled.graph, withWithheld(before?.context ?? null, received), facts.decision)
  const ruled = facts.rule?.scope === 'run' ? withRule(mended, facts.rule) : mended
  // Known is only what the move itself has changed, of the run.
  const known = ruled === next && compiled.isThorough !== true ? facts.changes : undefined
  const { patch, snapshot, commands } = known === undefined ? compared(run, ruled, facts) : { ...known, snapshot: next }
  const items = facts.items ?? (run.around.length === 0 ? [] : itemsAround(run))
  const checkpoint: Checkpoint = {
    format: checkpointFormat,
    runId: position.runId,
    sequence: position.sequence,
    parent: position.parent,
    graphHash: compiled.hashes.graph,
    event,
    decision: chained(facts.decision, room?.decision) ?? null,
    patch,
    step: facts.step ?? null,
    ...(items.length > 0 && { items }),
    usage: facts.usage ?? null,
    left: limitsLeft(compiled.graph, snapshot.context, event.at),
    status: statusOf(snapshot.context),
    commands,
  }
  const isKept = facts.rule?.scope === 'workflow'
  return { type: 'applied', snapshot, checkpoint, commands, ...(isKept && { rule: facts.rule }) }
}

/** What leads from the snapshot before to the next one, and what that asks for. */
function compared(
  { root: { compiled, snapshot: before }, event }: RunAt,
  after: Snapshot,
  { step }: Facts,
): Changes & { readonly snapshot: Snapshot } {
  const { patch, snapshot } = patchTo(before, after, event, compiled)
  const old = before?.context
  const asked = commandsBetween(compiled, old ?? null, snapshot.context)
  const withdrawn = withdrawnIn(compiled, { before: old, after: snapshot.context }, step?.index)
  return { patch, snapshot, commands: withdrawn.length === 0 ? asked : [...asked, ...withdrawn] }
}

function withRule({ value, context }: Snapshot, rule: StickyRule): Snapshot {
  const rules = Object.freeze([...(context.rules ?? []), rule])
  return Object.freeze({ value, context: withContext(context, { rules }) })
}

/** Questions and waits that go with the nested workflow, or the branch, that had them. Of questions, without anything nested, the patch tells. */
function withdrawnIn(
  compiled: CompiledWorkflow,
  { before, after }: { readonly before: RunContext | undefined; readonly after: RunContext },
  ended: number | undefined,
): readonly Command[] {
  if (before === undefined || (before.children === undefined && !hasWait(before))) return noCommands
  const { old, now } = ledgersOf(compiled, before, after)
  return Object.entries(old?.open ?? {}).flatMap(([index, step]): readonly Command[] => {
    if (now.open[index] !== undefined || Number(index) === ended) return []
    if (step.kind === 'wait') return [{ type: 'closeWait', step: Number(index) }]
    return isAsking(step) && before.children !== undefined ? [{ type: 'withdrawRequest', step: Number(index) }] : []
  })
}

const noCommands: readonly Command[] = Object.freeze([])

function hasWait({ open }: RunContext): boolean {
  for (const entry of indexEntries(open)) if (entry[1].kind === 'wait') return true
  return false
}
