import { namesOfPath, nodePath } from '../base/node-path.ts'
import { formatStep } from '../base/step-address.ts'
import type { RunId } from '../base/ids.ts'
import { readCheckpoints } from '../checkpoint/load.ts'
import type { Store } from '../checkpoint/store.ts'
import type { Checkpoint } from '../snapshot/checkpoint.ts'
import type { Decision } from '../snapshot/decision.ts'
import { factsOf, type Fact } from './facts.ts'

/** A request that nobody can answer any more: how, when and by whom it was closed, and where the run went then. */
export interface ClosedRequest {
  readonly step: number
  /** A path in a nested workflow. */
  readonly node: string
  /** The items of maps that it was about or inside of, outermost first; absent: none. */
  readonly items?: readonly number[]
  /** The tool whose call it was about; absent: none. */
  readonly tool?: string
  /** `withdrawn`: nobody waits for it any more, since an operator moved the run, or something else in it ended. */
  readonly how: 'decided' | 'expired' | 'withdrawn'
  /** Who decided, or moved the run; absent: nobody did. */
  readonly by?: string
  /** Whom they decided for, as their delegate; absent: themselves. */
  readonly for?: string
  /** The rule of theirs that decided; absent: they did. */
  readonly rule?: string
  /** How it was decided; absent: it was not. */
  readonly outcome?: string
  /** What they said; absent: nothing. */
  readonly reason?: string
  /** The checkpoint that closed it. */
  readonly sequence: number
  /** Ms since the epoch. */
  readonly at: number
  /** What happened then. */
  readonly event: Checkpoint['event']['type']
  /** Where the run went; null: nowhere yet. */
  readonly decision: Decision | null
}

const chunk = 32

/**
 * Finds out what became of a request. Cost: O(checkpoints since it was opened).
 *
 * @param query - `step`: of the request; absent: the one that was closed last
 * @returns undefined: no such request has been closed in this run; one of a fork may have been before the fork
 * @throws {StoreError} WAYSTONE_STORE_CORRUPT
 */
export async function readClosedRequest(
  store: Store,
  query: { readonly runId: RunId; readonly step?: number },
): Promise<ClosedRequest | undefined> {
  const row = await store.row(query.runId)
  if (row === undefined) return undefined
  let closed: ClosedRequest | undefined
  for (let to = row.sequence; to >= 0; to -= chunk) {
    const stored = await store.checkpoints(query.runId, Math.max(0, to - chunk + 1), to)
    for (const { checkpoint } of (await readCheckpoints(store, stored, row.graphHash)).toReversed()) {
      const facts = factsOf(checkpoint, { workflow: '', statusBefore: null })
      closed ??= closedBy(checkpoint, facts, query.step)
      if (closed === undefined) continue
      if (closed.node !== '') return closed
      // What was withdrawn is named where it was asked.
      const opened = facts.find((fact) => fact.type === 'request.opened' && fact.step === closed?.step)
      if (opened?.type === 'request.opened') return { ...closed, ...placeOf(opened) }
    }
  }
  return closed
}

function closedBy(
  { event, sequence, decision }: Checkpoint,
  facts: readonly Fact[],
  step: number | undefined,
): ClosedRequest | undefined {
  const then = { sequence, at: event.at, event: event.type, decision }
  for (const fact of facts) {
    if (!('step' in fact) || (step !== undefined && fact.step !== step)) continue
    if (fact.type === 'request.decided' && fact.isPartial !== true) {
      const { outcome, by, for: person, rule, reason } = fact
      const whose = { by, ...(person !== undefined && { for: person }), ...(rule !== undefined && { rule }) }
      const said = reason === '' ? {} : { reason }
      return { step: fact.step, ...placeOf(fact), how: 'decided', outcome, ...whose, ...said, ...then }
    }
    if (fact.type === 'step.ended' && event.type === 'timer.due' && isExpiry(event.payload.timer, fact.step))
      if (fact.kind === 'approval' || fact.kind === 'resolve')
        return { step: fact.step, ...placeOf(fact), how: 'expired', ...then }
    if (fact.type === 'request.withdrawn')
      return { step: fact.step, node: '', how: 'withdrawn', ...moverOf(event), ...then }
  }
  return undefined
}

function isExpiry(timer: string, step: number): boolean {
  return timer === `expire/${step}`
}

function placeOf(fact: {
  readonly node: string
  readonly items?: readonly number[]
  readonly item?: number
  readonly tool?: string
}): Pick<ClosedRequest, 'node' | 'items' | 'tool'> {
  const { node, items = [], item, tool } = fact
  const all = item === undefined ? items : [...items, item]
  return { node, ...(all.length > 0 && { items: all }), ...(tool !== undefined && { tool }) }
}

function moverOf(event: Checkpoint['event']): Pick<ClosedRequest, 'by' | 'reason'> {
  if (event.from !== 'operator' || event.type === 'run.forked') return {}
  const { by, reason } = event.payload
  return { by, ...(reason !== '' && { reason }) }
}

/** What became of a request, in a sentence for people: `step 3 of boss was decided by ada at …: approved, “fine”; the run went on to send`. */
export function closedRequestText(closed: ClosedRequest): string {
  const { step, node, tool, reason } = closed
  const about = tool === undefined ? '' : `, ${tool},`
  const place = node === '' ? '' : ` of ${formatStep(closed)}${about}`
  const said = reason === undefined ? '' : `${closed.how === 'decided' ? ', ' : ': '}“${reason}”`
  return `step ${step}${place} ${endText(closed)}${said}${wayText(closed)}`
}

function endText(closed: ClosedRequest): string {
  const { how, outcome = '', by = '', at, event, decision, sequence } = closed
  const when = `${new Date(at).toISOString().slice(0, 19).replace('T', ' ')}Z`
  if (how === 'decided') return `was decided by ${whoText(by, closed)} at ${when}: ${outcome}`
  if (how === 'expired') return `expired at ${when}, and nobody had decided`
  if (event === 'run.cancel') return `was closed when ${by} cancelled the run at ${when}`
  if (event === 'run.redirect') return `was closed when ${by} redirected the run at ${when}`
  const cause = decision === null ? `checkpoint ${sequence}` : `${decision.node} ended ${decision.outcome}`
  return `was withdrawn at ${when}, when ${cause}`
}

function whoText(by: string, { for: person, rule }: ClosedRequest): string {
  const who = person === undefined ? by : `${by} for ${person}`
  return rule === undefined ? who : `a rule of ${who}`
}

/** Where the run went; empty: nowhere, or on inside the node. */
function wayText({ decision, items = [] }: ClosedRequest): string {
  if (decision === null || decision.to === null) return ''
  const within = namesOfPath(decision.node).slice(0, -1)
  const inner = within.length === 0 ? 'the run' : formatStep({ node: within.join('/'), items })
  const end = ends[decision.to]
  return end === undefined
    ? `; ${inner} went on to ${formatStep({ node: nodePath(within, decision.to), ...(within.length > 0 && { items }) })}`
    : `; ${inner} ${end}`
}

const ends: { readonly [target: string]: string | undefined } = {
  ':end': 'went on to its end',
  ':fail': 'went on to its failure',
  ':exhausted': 'used up a limit',
  ':cancelled': 'ended',
  ':fork': 'went on to the branches of a fork',
  ':person': 'asks a person',
}
