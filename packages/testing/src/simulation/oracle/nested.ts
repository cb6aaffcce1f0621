import type { Checkpoint, RunContext } from '@waystone/core'
import type { Coverage } from '../coverage.ts'
import { factsOf, localCheckpoint, namesAround, nestedFacts, partOfEvent, partsOf, type Part } from './parts.ts'
import { textOf, type Report, type RunFacts } from './run-facts.ts'
import { toolsOf } from './tool-checks.ts'

type Decision = NonNullable<Checkpoint['decision']>

/** A checkpoint and what the run is made of before and after it. */
export interface Passage {
  readonly checkpoint: Checkpoint
  /** Empty before the first checkpoint. */
  readonly before: readonly Part[]
  readonly after: readonly Part[]
  /** What the event is about, as it was before. */
  readonly home: Part | undefined
  readonly report: Report
  readonly coverage: Coverage
}

/** Follows the nested workflows of a run by the events alone: which begins, what it begins with, what it gives, and when it is over. */
export function followNested(facts: RunFacts, passage: Passage): void {
  for (const part of passage.after) if (part.holder !== null) checkHeld(part, passage)
  checkLost(facts, passage)
  checkUntouched(facts, passage)
  const known = new Set(passage.before.map(({ holder }) => holder))
  for (const part of passage.after) if (!known.has(part.holder)) meet(facts, part, passage)
  checkBegun(passage)
  checkOutput(facts, passage)
  for (const part of passage.after) turnToOutput(facts, part, passage)
  countGone(facts, passage)
}

/** What is nested goes on only while its step does, and its step is over once it is. */
function checkHeld({ holder, context, around }: Part, { report, checkpoint: { sequence } }: Passage): void {
  const held = around?.context.open[holder ?? '']
  const isOver = context.ending !== null && Object.keys(context.closing).length === 0
  const open = Object.keys(context.open)
  const goesOn = held !== undefined && around?.context.ending === null
  if (!goesOn && open.length > 0)
    report(
      'nested-ends-with-what-holds-it',
      `steps ${open.join()} are open at ${sequence} in the workflow that step ${holder} held, which is over`,
    )
  if (held !== undefined && (held.kind === 'output') !== isOver)
    report(
      'nested-ends-with-what-holds-it',
      `step ${holder} is ${held.kind} at ${sequence}; what it holds is ${isOver ? '' : 'not '}over`,
    )
}

/** Steps that do nothing themselves. */
const waiting = new Set(['approval', 'resolve', 'workflow', 'wait'])

/** What has begun ends, or is cancelled and settles; what only waits may go without a trace. */
function checkLost(facts: RunFacts, { before, after, checkpoint, report }: Passage): void {
  const { event, sequence } = checkpoint
  const now = new Set(after.flatMap(({ context }) => [...Object.keys(context.open), ...Object.keys(context.closing)]))
  const own = event.type === 'effect.ended' || event.type === 'request.decided' ? String(event.payload.step) : ''
  for (const { context } of before) {
    for (const [index, { kind, node }] of Object.entries({ ...context.open, ...context.closing })) {
      if (!waiting.has(kind) && index !== own && !now.has(index))
        report('open-steps-settle', `step ${index} of ${node} is gone at ${sequence} and has not ended`)
    }
  }
  for (const part of after) {
    const fresh = Object.keys(part.context.open).filter((index) => !facts.begun.has(index))
    for (let one: Part | null = part; one !== null; one = one.around)
      for (const index of fresh) knownFacts(facts, one)?.begun.add(index)
  }
}

/** Steps of a part that is met only now are counted when it is. */
function knownFacts(facts: RunFacts, part: Part): RunFacts | undefined {
  return part.holder === null ? facts : facts.parts.get(part.holder)
}

/** An event changes the state of what it is about, and of nothing around it or in it. */
function checkUntouched(facts: RunFacts, { before, after, home, checkpoint, report }: Passage): void {
  for (const part of after) {
    const old = before.find(({ holder }) => holder === part.holder)
    if (old === undefined || old === home || old.context === part.context) continue
    if (textOf(old.context.state) !== textOf(part.context.state))
      report(
        'patch-applied-once',
        `${checkpoint.event.type} ${checkpoint.event.id} changed the state of ${namesAround(part).join('/') || 'the run'} at ${checkpoint.sequence}, which it is not about`,
      )
  }
}

function meet(facts: RunFacts, part: Part, passage: Passage): void {
  const { holder, context, around } = part
  if (holder === null || around === null) return
  const { report, coverage, checkpoint } = passage
  const outside = factsOf(facts, around)
  const node = around.context.open[holder]?.node ?? ''
  const spec = outside.spec.nested.get(node)
  const { event, sequence } = checkpoint
  if (
    spec === undefined ||
    event.type !== 'effect.ended' ||
    String(event.payload.step) !== holder ||
    event.payload.outcome !== 'begun'
  )
    return report('nested-ends-with-what-holds-it', `a workflow of ${node} began at ${sequence} without its input`)
  const own = nestedFacts(outside, { holder, spec, context })
  facts.parts.set(holder, own)
  for (const index of Object.keys(context.open)) own.begun.add(index)
  if (textOf(context.state) !== textOf(event.payload.output))
    report(
      'patch-applied-once',
      `${node} began at ${sequence} with ${textOf(context.state)}; its input is ${textOf(event.payload.output)}`,
    )
  if (
    Object.values(context.open)
      .map((open) => open.node)
      .join() !== spec.graph.start
  )
    report('routing-is-total', `${node} began at ${sequence} elsewhere than at ${spec.graph.start}`)
  coverage.count('nested begun')
  if (around.holder !== null) coverage.count('nested in what is nested')
  if ((outside.context.visits[node] ?? 1) > 1) coverage.count('nested again')
  if (around.context.open[holder]?.item !== undefined) coverage.count('nested as an item')
  if ((around.context.open[holder]?.attempt ?? 1) > 1) coverage.count('nested anew for another attempt')
}

/** Once its input is there a nested workflow begins, unless a limit stands before it. */
function checkBegun({ checkpoint, after, home, report, coverage }: Passage): void {
  const { event, decision, sequence } = checkpoint
  if (event.type !== 'effect.ended' || event.payload.outcome !== 'begun' || decision === null) return
  const { step } = event.payload
  const held = home?.context.open[step]
  // It had been cancelled; or a wait begins, once its key or its moment is there.
  if (held === undefined || held.kind === 'prepare') return
  if (after.some(({ holder }) => holder === String(step))) return
  if (decision.limit === undefined)
    report('nested-ends-with-what-holds-it', `what step ${step} holds has its input and did not begin at ${sequence}`)
  coverage.count('nested kept from beginning')
}

/** Without a mapping of the author's, what is taken over is what the nested workflow came to, by the oracle's own count. */
function checkOutput(facts: RunFacts, { before, home, checkpoint, report, coverage }: Passage): void {
  const { event, step, sequence } = checkpoint
  if (event.type !== 'effect.ended' || home === undefined) return
  const open = home.context.open[event.payload.step]
  const inside = facts.parts.get(String(event.payload.step))
  if (open?.kind !== 'output' || inside === undefined || step === null) return
  const part = before.find(({ holder }) => holder === String(event.payload.step))
  const ending = part?.context.ending
  coverage.count(`nested ${ending?.status ?? 'gone'}`)
  const functions = factsOf(facts, home).spec.registry.nodes.get(open.node)
  const expected = { completed: 'done', exhausted: 'exhausted', failed: 'failed', cancelled: 'failed' }[
    ending?.status ?? 'failed'
  ]
  const { outcome, patch, output } = event.payload
  if (outcome !== expected)
    report(
      'nested-ends-with-what-holds-it',
      `${open.node} ended ${outcome} at ${sequence}; what it held ended ${ending?.status}`,
    )
  const found =
    functions?.kind === 'map' ? output : functions?.kind === 'workflow' && functions.apply === null ? patch : null
  if (outcome !== 'done' || found === null) return
  const whole = Object.fromEntries(
    inside.spec.graph.output.flatMap((key) => (key in inside.state ? [[key, inside.state[key]]] : [])),
  )
  // An agent that is an item, or a tool that is asked about, is in a workflow that was made for it.
  const isMade = inside.spec.graph.name.includes(':')
  const given = isMade ? (Object(whole['output']) as object) : whole
  if (textOf(sorted(Object(found) as object)) !== textOf(sorted(given)))
    report(
      'patch-applied-once',
      `${open.node} gave ${textOf(found)} at ${sequence}; what it held came to ${textOf(given)}`,
    )
}

function sorted(state: object): unknown {
  return Object.entries(state).toSorted(([one], [other]) => (one < other ? -1 : 1))
}

/** What was degraded inside is told by the workflow around it from the moment on that its end is taken over. */
function turnToOutput(facts: RunFacts, { holder, around }: Part, { before }: Passage): void {
  if (holder === null || around === null) return
  const held = around.context.open[holder]
  const was = before.find((part) => part.holder === around.holder)?.context.open[holder]
  const inside = facts.parts.get(holder)
  if (held?.kind !== 'output' || was?.kind === 'output' || inside === undefined) return
  toolsOf(factsOf(facts, around)).takeOver(held.node, toolsOf(inside))
}

function countGone(facts: RunFacts, { before, after, checkpoint, coverage }: Passage): void {
  const { event } = checkpoint
  for (const part of after) {
    if (part.holder === null || part.around === null) continue
    const was = before.find(({ holder }) => holder === part.holder)
    const isLeft = part.around.context.open[part.holder] === undefined
    if (isLeft && was?.around?.context.open[part.holder] !== undefined)
      coverage.count('nested left with steps to settle')
    if (Object.values(part.context.closing).some(({ finishes }) => finishes === true))
      coverage.count('nested left to finish')
    if (Object.values(part.context.open).some(({ kind }) => kind === 'wait')) coverage.count('timer in what is nested')
    if (part.context.maps !== undefined) coverage.count('map in what is nested')
    if (part.context.forks !== undefined) coverage.count('fork in what is nested')
  }
  for (const { holder, context } of before) {
    if (holder === null || after.some((part) => part.holder === holder)) continue
    facts.parts.delete(holder)
    if (context.ending === null) coverage.count('nested over before its end')
  }
  const isInside = before.some(({ holder, context }) => holder !== null && context.ending === null)
  if (!isInside) return
  if (event.type === 'run.cancel') coverage.count('cancel while nested')
  if (event.type === 'run.patch') coverage.count('patch while nested')
  if (event.type === 'run.hold') coverage.count('hold while nested')
  const up = lastDecision(checkpoint)?.limit?.up
  if (up !== undefined) coverage.count(`limit ${up} around hit`)
}

/** Each workflow counts its own steps and those of all that is nested in it, each once. */
export function checkSteps(facts: RunFacts, part: Part, { report, checkpoint }: Passage): void {
  const counted = part.context.steps - (part.context.others ?? 0)
  if (counted === facts.begun.size) return
  const who = namesAround(part).join('/') || 'the run'
  report(
    'limits-are-guards',
    `${who} counts ${counted} steps at ${checkpoint.sequence}; begun were ${facts.begun.size}`,
  )
}

/** The workflow whose limit was hit from inside takes its own edge. @returns the part, as it is afterwards */
export function exhaustedPart({ before, after, home }: Passage): Part | undefined {
  return after.find((part) => {
    const was = before.find(({ holder }) => holder === part.holder)
    return (
      was !== undefined &&
      was !== home &&
      was.context.exhausted === null &&
      part.context.exhausted !== null &&
      isUnderWay(part)
    )
  })
}

/** True for the run, and for what is nested in steps that are open. */
export function isUnderWay({ holder, around }: Part): boolean {
  return holder === null || around === null || (around.context.open[holder] !== undefined && isUnderWay(around))
}

/** What a checkpoint passes from and to. @param parts - `before`: null before the first one */
export function passageOf({
  before,
  after,
  ...parts
}: Pick<Passage, 'checkpoint' | 'report' | 'coverage'> & {
  readonly before: RunContext | null
  readonly after: RunContext
}): Passage {
  const old = before === null ? [] : partsOf(before)
  const home = before === null ? undefined : partOfEvent(old, parts.checkpoint.event)
  return { ...parts, before: old, after: partsOf(after), home }
}

/** A checkpoint in the words of what it is about. A limit further out leads nowhere in there. */
export function atHome({ checkpoint, home }: Passage): Checkpoint {
  const local = home === undefined ? checkpoint : localCheckpoint(checkpoint, home)
  return local.decision === null ? local : { ...local, decision: stayingInside(local.decision) }
}

function stayingInside(decision: Decision): Decision {
  const { next, limit } = decision
  return {
    ...decision,
    ...(limit?.up !== undefined && { to: null }),
    ...(next !== undefined && { next: stayingInside(next) }),
  }
}

/** The last of the decisions of a checkpoint: a limit stops them. */
export function lastDecision({ decision }: Checkpoint): Decision | null {
  let last = decision
  while (last?.next !== undefined && !last.next.node.endsWith(':compensating')) last = last.next
  return last
}
