import { own } from '../base/own.ts'
import type { AgentRecord } from '../graph/graph.ts'
import type { GivenHandoff, HandoffMade } from '../snapshot/handoff.ts'
import type { AgentEntry, HandoffEntry, RunContext, ToldPart } from '../snapshot/snapshot.ts'
import { stateFor } from './seen-state.ts'
import { pick } from './steps.ts'

/**
 * What the receiver of a handoff is told; undefined: nothing (slice `none`).
 *
 * This is the one place where entries of one agent are copied to another: the sender's are gone when it is visited again, and the receiver
 * goes on being told what it was given. It is bounded by the limits of handing over, and by what the author lets go along.
 */
export function handoffEntry(
  context: RunContext,
  record: AgentRecord,
  { given, chain }: { readonly given: GivenHandoff; readonly chain: readonly HandoffMade[] | undefined },
): HandoffEntry | undefined {
  const { handoff, contract, reason, summary } = given
  const slice = own(record.handoffs ?? {}, handoff)?.slice ?? 'none'
  if (slice === 'none') return undefined
  const told = toldOf(context, record, { slice, callId: given.callId })
  return Object.freeze({
    type: 'handoff',
    from: record.id,
    handoff,
    reason,
    contract,
    ...(slice === 'summary' && summary !== undefined && { summary }),
    ...(told !== undefined && { told: Object.freeze(told) }),
    ...(chain !== undefined && { chain: Object.freeze(chain.map((one) => chainPart(one))) }),
  })
}

function chainPart({ from, to, reason }: HandoffMade): Pick<HandoffMade, 'from' | 'to' | 'reason'> {
  return Object.freeze({ from, to, reason })
}

interface Cut {
  readonly slice: NonNullable<AgentRecord['handoffs']>[string]['slice']
  /** The call that hands over, which is told apart from the messages. */
  readonly callId: string
}

function toldOf(context: RunContext, record: AgentRecord, { slice, callId }: Cut): readonly ToldPart[] | undefined {
  if (slice !== 'all' && typeof slice !== 'object') return undefined
  const all = own(context.private, record.id)?.entries ?? []
  const entries = withoutHandover(all, callId)
  if (slice !== 'all') return [Object.freeze({ node: record.id, entries: Object.freeze(newest(entries, slice.last)) })]
  const hasInput = entries.some((entry) => 'type' in entry && entry.type === 'input')
  const input = Object.freeze({
    state: pick(stateFor(record, context), record.reads),
    heard: pick(context.verdicts, record.hears),
  })
  return flattened({ node: record.id, entries, ...(!hasInput && { input }) })
}

/** What was handed over to the sender goes before what it said itself, so that no transcript stands inside another. */
function flattened({ node, entries, input }: ToldPart): readonly ToldPart[] {
  const parts: ToldPart[] = []
  let own: AgentEntry[] = []
  for (const entry of entries) {
    if (!('type' in entry) || entry.type !== 'handoff') {
      own.push(entry)
      continue
    }
    if (own.length > 0) parts.push(Object.freeze({ node, entries: Object.freeze(own) }))
    const { told = [], ...head } = entry
    parts.push(...told, Object.freeze({ node, entries: Object.freeze([Object.freeze(head)]) }))
    own = []
  }
  const last = own.length > 0 ? [Object.freeze({ node, entries: Object.freeze(own) })] : []
  const given = input === undefined ? [] : [Object.freeze({ node, input, entries: Object.freeze([]) })]
  return [...parts, ...given, ...last]
}

/** The entries without the call that hands over, and what only the sender's own model can read. */
function withoutHandover(entries: readonly AgentEntry[], callId: string): readonly AgentEntry[] {
  return entries.flatMap((entry): readonly AgentEntry[] => {
    if ('role' in entry) {
      const { role, content } = entry
      const calls = entry.calls.filter(({ id }) => id !== callId)
      const isEmpty = calls.length === 0 && content.every((part) => part.type === 'text' && part.text === '')
      return isEmpty ? [] : [Object.freeze({ role, content, calls })]
    }
    if (entry.type === 'model') return []
    if (entry.type !== 'results') return [entry]
    const calls = entry.calls.filter((call) => call.callId !== callId)
    return calls.length === 0 ? [] : [calls.length === entry.calls.length ? entry : Object.freeze({ ...entry, calls })]
  })
}

/** The newest answers, each with the results of its calls and what it was told to mend. */
function newest(entries: readonly AgentEntry[], last: number): readonly AgentEntry[] {
  const answers = entries.flatMap((entry, index) => ('role' in entry ? [index] : []))
  const from = answers.at(-last) ?? answers[0] ?? entries.length
  return entries.slice(from).filter((entry) => 'role' in entry || entry.type === 'results' || entry.type === 'repair')
}
