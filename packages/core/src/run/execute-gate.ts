import { takeJson, type Json } from '../base/json.ts'
import { nodeError } from '../errors/node-error.ts'
import type { NodeRecord } from '../graph/graph.ts'
import type { GateFunctions, Verdict } from '../graph/registry.ts'
import { nodeInputOf, type EffectJob, type Ended } from './effect-job.ts'
import { whenDone } from './when-done.ts'

/** Runs a gate's rules once. */
export function executeGate(job: EffectJob, functions: GateFunctions): Ended | Promise<Ended> {
  const { decide } = functions
  if (decide === null)
    throw nodeError('WAYSTONE_NODE_BAD_VERDICT', `gate ${JSON.stringify(job.record.id)} has no function to decide with`)
  return whenDone(decide(nodeInputOf(job.record, job.context), job.scope), (given) => {
    const verdict = parseVerdict(job.record, given)
    return { outcome: verdict.outcome, verdict }
  })
}

/**
 * Reads what a gate gave: an outcome, or an outcome with reasons, score and positions.
 *
 * @returns frozen
 * @throws {NodeError} WAYSTONE_NODE_BAD_VERDICT saying what is allowed
 */
export function parseVerdict(record: NodeRecord, given: unknown): Verdict {
  const isText = typeof given === 'string'
  const json = takeJson(isText ? { outcome: given } : given, `verdict of gate ${JSON.stringify(record.id)}`)
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw badVerdict(record, 'it is not an outcome and not an object')
  const { outcome, reasons = [], score = null, positions = null } = json as { readonly [key: string]: Json }
  if (typeof outcome !== 'string' || !ownOutcomes(record).includes(outcome)) {
    throw badVerdict(
      record,
      `outcome ${JSON.stringify(outcome) ?? 'undefined'} is not one of: ${ownOutcomes(record).join(', ')}`,
    )
  }
  if (!Array.isArray(reasons)) throw badVerdict(record, '"reasons" is not a list')
  if (score !== null && (typeof score !== 'number' || score < 0 || score > 1))
    throw badVerdict(record, '"score" is not a number from 0 to 1')
  if (positions !== null && !Array.isArray(positions)) throw badVerdict(record, '"positions" is not a list')
  return Object.freeze({
    outcome,
    reasons: reasons as readonly Json[],
    ...(score !== null && { score }),
    ...(positions !== null && { positions: positions as readonly Json[] }),
  })
}

/** Outcomes that a verdict may name: those of the gate, not those of the engine. */
function ownOutcomes(record: NodeRecord): readonly string[] {
  return record.outcomes.filter((outcome) => outcome !== 'failed' && outcome !== 'timeout' && outcome !== 'unknown')
}

function badVerdict(record: NodeRecord, why: string): Error {
  return nodeError('WAYSTONE_NODE_BAD_VERDICT', `gate ${JSON.stringify(record.id)}: ${why}`, {
    details: { node: record.id },
  })
}
