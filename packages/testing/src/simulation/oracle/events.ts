import type { Checkpoint, RunContext, WaitRecord } from '@waystone/core'
import { factsOf, partsOf, type Part } from './parts.ts'
import type { Passage } from './nested.ts'
import type { KnownEvent, RunFacts } from './run-facts.ts'

/** A wait that is open. */
interface KnownWait {
  readonly step: string
  readonly names: readonly string[]
  readonly key: string | null
}

/** Follows what comes from outside by the stored events alone: everything is kept until one wait takes it, the oldest first, and no more. */
export function followEvents(facts: RunFacts, passage: Passage): void {
  const { checkpoint, after, report, coverage } = passage
  const { event, sequence } = checkpoint
  if (event.type === 'event.received') receive(facts, passage)
  const waits = after.flatMap((part) => waitsOf(facts, part))
  for (const part of after)
    for (const step of Object.keys(part.context.open)) take(facts, part, { step, waits, passage })
  checkEnd(facts, passage)
  const run = after[0]?.context
  if (run === undefined) return
  const untaken = [...facts.mail].flatMap(([id, { taker }]) => (taker === null ? [id] : []))
  const held = new Set(after.flatMap(({ context }) => Object.values(context.open).map((open) => open.event)))
  const kept = Object.keys(run.received ?? {}).filter((id) => !held.has(id))
  if (untaken.join() !== kept.join())
    report(
      'events-are-kept',
      `the run keeps ${kept.join() || 'nothing'} after ${sequence}; it was sent ${untaken.join() || 'nothing'} that no wait has taken`,
    )
  if (run.ending !== null) {
    if (untaken.length > 0) coverage.count('event unread at the end')
    return
  }
  for (const wait of waits) {
    const [id] = [...facts.mail].find(([, one]) => one.taker === null && isFor(wait, one)) ?? []
    if (id !== undefined)
      report('events-are-kept', `step ${wait.step} waits at ${sequence} for what has come already: ${id}`)
  }
}

function receive(facts: RunFacts, { checkpoint, before, report, coverage }: Passage): void {
  const { event, sequence } = checkpoint
  if (event.type !== 'event.received') return
  const { message } = event.payload
  const mark = markOf(message.payload)
  const isSecond =
    facts.mail.has(event.id) || (mark !== '' && [...facts.mail.values()].some((one) => one.mark === mark))
  if (isSecond) report('events-are-kept', `event ${event.id} was received a second time at ${sequence}`)
  facts.mail.set(event.id, { event: message.event, key: message.key, mark, taker: null })
  const open = before.flatMap((part) => waitsOf(facts, part))
  if (open.length > 1) coverage.count('two waits at once')
  const isTaken = open.some((wait) => isFor(wait, { event: message.event, key: message.key }))
  coverage.count(isTaken ? 'event taken at once' : 'event kept')
  if (!isTaken && message.key === 'somebody else') coverage.count('event of another key kept')
}

function markOf(payload: unknown): string {
  return typeof payload === 'object' && payload !== null && 'mark' in payload ? String(payload.mark) : ''
}

/** The waits of a part, with what the author says that they take. */
function waitsOf(facts: RunFacts, part: Part): readonly KnownWait[] {
  return Object.entries(part.context.open).flatMap(([step, { kind, node, awaits }]) =>
    kind === 'wait' ? [{ step, names: namesOf(facts, part, node), key: awaits?.key ?? null }] : [],
  )
}

function namesOf(facts: RunFacts, part: Part, node: string): readonly string[] {
  const record = factsOf(facts, part).spec.graph.nodes[node]
  return record?.kind === 'wait' ? record.events : []
}

function isFor({ names, key }: Omit<KnownWait, 'step'>, one: Pick<KnownEvent, 'event' | 'key'>): boolean {
  return names.includes(one.event) && (key === null || key === one.key)
}

/** A step takes over an event that nobody else has, that it is for, and that is the oldest of these. */
function take(
  facts: RunFacts,
  part: Part,
  { step, waits, passage }: { readonly step: string; readonly waits: readonly KnownWait[]; readonly passage: Passage },
): void {
  const { checkpoint, before, report, coverage } = passage
  const { kind, node, event: id } = part.context.open[step] ?? {}
  if (kind !== 'receive' || id === undefined || node === undefined) return
  const mail = facts.mail.get(id)
  if (mail?.taker === step) return
  const say = (what: string): void =>
    report('events-are-kept', `step ${step} took ${id} at ${checkpoint.sequence}, ${what}`)
  if (mail === undefined || mail.taker !== null)
    return say(mail === undefined ? 'which never came' : `which step ${mail.taker} had taken`)
  const wait = { names: namesOf(facts, part, node), key: keyOf(before, checkpoint, step) }
  if (!isFor(wait, mail))
    say(`which is ${mail.event} for ${mail.key}; it waits for ${wait.names.join()} for ${wait.key}`)
  const [oldest] = [...facts.mail].find(([, one]) => one.taker === null && isFor(wait, one)) ?? []
  if (oldest !== id) say(`although ${oldest} is older`)
  const lower = waits.find((one) => Number(one.step) < Number(step) && isFor(one, mail))
  if (lower !== undefined) say(`which step ${lower.step} waits for as well`)
  mail.taker = step
  if (checkpoint.event.id !== id) coverage.count('kept event taken')
  if (part.holder !== null) coverage.count('event taken in what is nested')
  if (before[0]?.context.held !== null) coverage.count('event taken while held')
}

/** The key of a wait: as it was open, or as its own function has just said. */
function keyOf(before: readonly Part[], { event }: Checkpoint, step: string): string | null {
  for (const { context } of before) {
    const open = context.open[step]
    if (open?.kind === 'wait') return open.awaits?.key ?? null
  }
  const output = event.type === 'effect.ended' && String(event.payload.step) === step ? event.payload.output : undefined
  const key = typeof output === 'object' && output !== null && 'key' in output ? output['key'] : null
  return typeof key === 'string' ? key : null
}

/** What a wait gives is what came: its name as the outcome, its mark in the trail. */
function checkEnd(facts: RunFacts, { checkpoint, before, after, report, coverage }: Passage): void {
  const { event, step, sequence, commands } = checkpoint
  if (event.type === 'event.received' && before.length > 0) return
  if (commands.some(({ type }) => type === 'closeWait')) coverage.count('wait lost with its branch')
  if (event.type === 'run.cancel' && before.some((part) => hasWait(part.context)))
    coverage.count('cancel while waiting')
  if (after.some((part) => hasWait(part.context))) coverage.count('wait opened')
  if (step?.kind === 'wait') {
    const record = before.flatMap((part) => {
      const node = part.context.open[step.index]?.node
      const one = node === undefined ? undefined : factsOf(facts, part).spec.graph.nodes[node]
      return one?.kind === 'wait' ? [one] : []
    })[0]
    coverage.count(endOf(record))
  }
  if (event.type !== 'effect.ended' || step?.kind !== 'receive') return
  const taken = [...facts.mail.values()].find(({ taker }) => taker === String(step.index))
  const { outcome, patch } = event.payload
  // What was cancelled settles as it can.
  const isOpen = before.some(({ context }) => context.open[step.index] !== undefined)
  if (taken === undefined || !isOpen || outcome === 'failed') return
  if (outcome !== 'received') coverage.count(`first of several events: ${outcome}`)
  const line = `${taken.event} ${taken.mark}`
  const isOwn = outcome === 'received' || outcome === taken.event
  if (!isOwn || JSON.stringify(patch?.['trail']) !== JSON.stringify([line]))
    report(
      'events-are-kept',
      `step ${step.index} ended ${outcome} at ${sequence} with ${JSON.stringify(patch)}; what came is ${line}`,
    )
}

function endOf(record: WaitRecord | undefined): string {
  if (record === undefined || record.events.length > 0) return 'wait expired'
  return record.until === null ? 'delay over' : 'moment come'
}

function hasWait({ open }: RunContext): boolean {
  return Object.values(open).some(({ kind }) => kind === 'wait')
}

/** True while a run waits for something from outside, anywhere in it. */
export function isWaiting(context: RunContext): boolean {
  return partsOf(context).some((part) => hasWait(part.context))
}
