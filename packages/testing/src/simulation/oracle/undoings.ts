import type { Checkpoint, CompensationRecord, Graph, NodeRecord, RunContext } from '@waystone/core'
import { effectSuffix } from './items.ts'
import type { Passage } from './nested.ts'
import { factsOf, namesAround, type Part } from './parts.ts'
import type { RunFacts } from './run-facts.ts'

type Open = RunContext['open'][string]

/** Holds what a run undoes, and when, against what it did. */
export function followUndoing(facts: RunFacts, passage: Passage): void {
  for (const part of passage.after) {
    checkOpened(facts, part, passage)
    checkBegun(part, passage)
    checkEnded(facts, part, passage)
  }
  noteDropped(facts, passage)
  checkRunEnd(facts, passage)
  countMoves(passage)
}

/** How work is undone, by the graph as it is written. */
function undoOf(graph: Graph, node: NodeRecord | undefined, tool: string | undefined): CompensationRecord | null {
  if (node === undefined) return null
  const own = 'compensate' in node ? node.compensate : undefined
  if (own !== undefined) return own
  const called = tool ?? (node.kind === 'tool' ? node.tool : undefined)
  return (called === undefined ? undefined : graph.tools[called]?.compensate) ?? null
}

const worksBy = new Set(['task', 'tool', 'item', 'call', 'resolve'])

/** Notes what has been done, before anything that is over is forgotten. */
export function noteDeeds(facts: RunFacts, { checkpoint, home, after }: Passage): void {
  const { event, sequence } = checkpoint
  if ((event.type !== 'effect.ended' && event.type !== 'request.decided') || home === undefined) return
  const step = String(event.payload.step)
  const open = home.context.open[step] ?? home.context.closing[step]
  const isLate = home.context.open[step] === undefined
  if (open === undefined || !worksBy.has(open.kind === 'compensate' ? 'task' : open.kind)) return
  // What was noted while a person was asked about it.
  if (event.type === 'request.decided' && open.undoes === undefined) facts.deeds.delete(step)
  const now = after.find(({ context }) => context.open[step] !== undefined)?.context.open[step]
  const isAsked = now?.kind === 'resolve' && now.undoes === undefined
  const isOpen = after.some(({ context }) => context.open[step] !== undefined || context.closing[step] !== undefined)
  if (isOpen && mayHave(facts, { event, step, open, isFinal: false })) facts.unsure.add(step)
  if (isOpen && !isAsked) return
  if (open.undoes !== undefined) return noteUndone(facts, { event, open, isLate })
  const own = factsOf(facts, home)
  const undo = undoOf(own.spec.graph, own.spec.graph.nodes[open.node], open.tool)
  const hasRunEnded = facts.context.ending !== null
  if (undo === null || hasRunEnded || !mayHave(facts, { event, step, open, isFinal: true })) return
  const outcome = event.payload.outcome
  const isUnknown = outcome === 'unknown' || outcome === 'timeout' || outcome === 'failed'
  facts.deeds.set(step, { step, sequence, isItem: open.item !== undefined, isUnknown, wasLoser: isLate, undo })
}

/** Whether work may have been done: it ended well, nobody knows, or it failed in a way that does not tell. */
function mayHave(
  facts: RunFacts,
  {
    event,
    step,
    open,
    isFinal,
  }: { readonly event: Checkpoint['event']; readonly step: string; readonly open: Open; readonly isFinal: boolean },
): boolean {
  if (event.type === 'request.decided') {
    const { outcome } = event.payload
    if (outcome === 'did-not-happen') return false
    return outcome !== 'failed' || facts.unsure.has(step)
  }
  if (event.type !== 'effect.ended') return false
  const { outcome, error, mayHaveHappened } = event.payload
  // It is asked about now, and says nothing yet.
  if (!isFinal && outcome === 'unknown') return false
  if (outcome !== 'failed') return true
  if (mayHaveHappened === true || facts.unsure.has(step)) return true
  return error?.retryable === true && effectOf(facts, open, step) !== 'unsafe'
}

function effectOf(facts: RunFacts, { node, kind, tool }: Open, step: string): string | undefined {
  const part = [...facts.parts.values(), facts].find(
    (one) => one.begun.has(step) && one.spec.graph.nodes[node] !== undefined,
  )
  const graph = (part ?? facts).spec.graph
  return kind === 'call' ? graph.tools[tool ?? '']?.effect : graph.nodes[node]?.effect
}

function noteUndone(
  facts: RunFacts,
  { event, open, isLate }: { readonly event: Checkpoint['event']; readonly open: Open; readonly isLate: boolean },
): void {
  const step = String(open.undoes?.step)
  const deed = facts.deeds.get(step)
  if (deed === undefined || (event.type !== 'effect.ended' && event.type !== 'request.decided')) return
  const { outcome } = event.payload
  const counts = facts.undone
  if (outcome === 'done' || outcome === 'happened') counts.done += 1
  else if (outcome === 'skipped') counts.skipped += 1
  else {
    const isFailed =
      event.type === 'request.decided' || (outcome === 'failed' && event.payload.mayHaveHappened !== true)
    const isCertain = isFailed || deed.undo.effect !== 'unsafe'
    const isUnbegun = event.type === 'effect.ended' && isFailed && event.payload.error?.code === 'WAYSTONE_NODE_ABORTED'
    // What was told to stop is for whoever ends next, unless it must not be tried again.
    if (isLate && isCertain && (!isStopped(facts) || isUnbegun)) return
    counts.failed += 1
  }
  facts.deeds.delete(step)
}

function isStopped({ context }: RunFacts): boolean {
  return context.undone?.stopped !== undefined
}

/** Of the deeds of a workflow and of all that was nested in it the last one is undone first. */
function checkOpened(
  facts: RunFacts,
  part: Part,
  { before, report, coverage, checkpoint: { sequence } }: Passage,
): void {
  const was = before.find(({ holder }) => holder === part.holder)
  for (const [index, open] of Object.entries(part.context.open)) {
    if (was?.context.open[index] !== undefined || part.context.undoing === undefined) continue
    if (open.kind !== 'compensate') {
      report('undone-in-reverse', `step ${index} of ${open.node} began at ${sequence} in a run that only undoes`)
      continue
    }
    const target = String(open.undoes?.step)
    const own = factsOf(facts, part)
    const scope = [...facts.deeds.values()].filter(({ step }) => part.holder === null || own.begun.has(step))
    const last = scope.toSorted((one, other) => other.sequence - one.sequence)[0]
    if (last?.step !== target)
      report(
        'undone-in-reverse',
        `step ${target} is undone at ${sequence}; the last that was done is ${last?.step ?? 'none'} of ${scope.map((one) => `${one.step}@${one.sequence}`).join()} ledger ${JSON.stringify(part.context.undo)}`,
      )
    if (Object.keys(part.context.closing).length > 0)
      report('undone-in-reverse', `step ${target} is undone at ${sequence} before all that was cancelled has settled`)
    const suffix = `${effectSuffix(facts, target)}/undo`
    facts.items.set(suffix, index)
    coverage.count('undone')
    if (part.holder !== null) coverage.count('undoing of what is nested')
    if (last?.isItem === true) coverage.count('undone an item')
    if (last?.isUnknown === true) coverage.count('undone what was unknown')
    if (last?.wasLoser === true) coverage.count('undone what a loser had done')
    if (open.undoes?.node.includes('/') === true) coverage.count('undone what a nested workflow had done')
  }
}

function checkBegun(part: Part, { before, coverage }: Passage): void {
  const was = before.find(({ holder }) => holder === part.holder)?.context.undoing
  const { undoing } = part.context
  if (undoing === undefined) return
  if (was === undefined) coverage.count('undoing begun')
  if (was === undefined && undoing.left !== undefined) coverage.count('undoing begun at once')
  if (was !== undefined && was.left === undefined && undoing.left !== undefined)
    coverage.count('undoing waited for what was cancelled')
  if (undoing.isCancelled === true && was?.isCancelled !== true) coverage.count('cancel heard while undoing')
}

/** A nested workflow that does not complete leaves nothing of its own undone, but what somebody stopped. */
function checkEnded(facts: RunFacts, part: Part, { before, report, checkpoint: { sequence } }: Passage): void {
  const was = before.find(({ holder }) => holder === part.holder)
  const { ending } = part.context
  if (ending === null || was === undefined || was.context.ending !== null || part.holder === null) return
  if (ending.status === 'completed') return
  const own = factsOf(facts, part)
  const left = [...facts.deeds.keys()].filter((step) => own.begun.has(step))
  if (left.length > 0)
    report(
      'undone-in-reverse',
      `${namesAround(part).join('/')} ended ${ending.status} at ${sequence} and left ${left.join()} undone`,
    )
}

/** Nobody is asked any more what became of a compensation: it counts as failed. */
function noteDropped(facts: RunFacts, { before, after, checkpoint: { event } }: Passage): void {
  const answered = event.type === 'request.decided' ? String(event.payload.step) : ''
  for (const { context } of before) {
    for (const [index, open] of Object.entries(context.open)) {
      if (open.kind !== 'resolve' || open.undoes === undefined || index === answered) continue
      if (after.some((part) => part.context.open[index] !== undefined)) continue
      facts.undone.failed += 1
      facts.deeds.delete(String(open.undoes.step))
    }
  }
}

function checkRunEnd(facts: RunFacts, { before, after, report, coverage, checkpoint: { sequence } }: Passage): void {
  const [was, now] = [before[0]?.context, after[0]?.context]
  if (now === undefined || now.ending === null || was === undefined || was.ending !== null) return
  const { done, skipped, failed } = facts.undone
  const told = now.undone
  const tellsAll =
    (told?.done ?? 0) === done && (told?.skipped ?? 0) === skipped && (told?.failed?.length ?? 0) === failed
  if (!tellsAll)
    report(
      'undone-in-reverse',
      `at ${sequence} it tells ${JSON.stringify(told)}; undone were ${done}, nothing was to be done for ${skipped}, and ${failed} failed`,
    )
  if (now.ending.status === 'completed') {
    if (done > 0) coverage.count('completed with something undone inside')
    return
  }
  if (was.undoing !== undefined) coverage.count('undoing ended')
  const left = (told?.left ?? []).map(({ step }) => String(step)).toSorted()
  const due = [...facts.deeds.keys()].toSorted()
  if (left.length > 0) coverage.count('left undone')
  if (left.join() !== due.join())
    report(
      'undone-in-reverse',
      `it ended ${now.ending.status} at ${sequence} with ${due.join() || 'nothing'} done; it tells that ${left.join() || 'nothing'} is left`,
    )
}

function countMoves({ before, checkpoint, coverage }: Passage): void {
  const { event, decision, step } = checkpoint
  const wasUndoing = before.some(({ context }) => context.undoing !== undefined)
  if (!wasUndoing) return
  if (event.type === 'run.hold') coverage.count('hold while undoing')
  for (let one = decision ?? undefined; one !== undefined; one = one.next) {
    if (one.taken === ':undo:retry') coverage.count('undoing tried again')
    if (one.taken === ':undo:person') coverage.count('person asked about undoing')
    if (one.taken === ':undo:stop') coverage.count('undoing stopped')
  }
  if (step?.undoes === undefined) return
  if (event.type === 'request.decided') coverage.count(`undoing resolved ${event.payload.outcome}`)
  if (event.type !== 'effect.ended') return
  if (event.payload.outcome === 'unknown') coverage.count('undoing unknown')
  if (event.payload.outcome === 'failed' && decision?.taken !== ':undo:retry') coverage.count('undoing failed for good')
}
