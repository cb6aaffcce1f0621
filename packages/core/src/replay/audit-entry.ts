import { formatStep } from '../base/step-address.ts'
import type { CalledOffBy } from '../run/called-off.ts'
import type { Checkpoint } from '../snapshot/checkpoint.ts'
import type { Decision } from '../snapshot/decision.ts'
import { neverBegan } from './audit-undoing.ts'

/** One transition, as an auditor reads it. */
export interface AuditEntry {
  readonly sequence: number
  readonly at: number
  /** Who caused it: a node's effect, a person, an operator, the clock, the caller. */
  readonly actor: string
  readonly event: string
  readonly decision: Decision | null
  /** The items of maps inside which it happened, outermost first; absent: inside none. */
  readonly items?: readonly number[]
  /** What ended was cancelled before it had begun: it did not happen. */
  readonly neverBegan?: true
  /** What ended was called off, by what, and stopped without a result: no failure of its node. */
  readonly calledOff?: CalledOffBy
}

/** A checkpoint, as an auditor reads it. @param calledOff - what had called off the step that it ends */
export function entryOf(checkpoint: Checkpoint, calledOff: CalledOffBy | undefined): AuditEntry {
  const { sequence, event, step, decision, items } = checkpoint
  return {
    sequence,
    at: event.at,
    actor: actorOf(event, step === null ? '' : formatStep({ ...step, ...(items !== undefined && { items }) })),
    event: event.type,
    decision,
    ...(items !== undefined && { items }),
    ...(neverBegan(checkpoint) && { neverBegan: true as const }),
    ...(calledOff !== undefined && { calledOff }),
  }
}

function actorOf(event: Checkpoint['event'], place: string): string {
  switch (event.type) {
    case 'effect.ended':
      return `node ${place}${event.payload.model === undefined ? '' : ` (${event.payload.model})`}`
    case 'request.decided':
    case 'request.asked':
    case 'request.answered':
    case 'run.forked':
    case 'run.hold':
    case 'run.release':
    case 'run.patch':
    case 'run.redirect':
    case 'rule.revoke':
    case 'run.cancel':
      return event.payload.by
    case 'timer.due':
      return 'the clock'
    case 'event.received':
      return event.payload.by ?? 'the caller'
    case 'run.started':
      return 'the caller'
  }
}
