import { own } from '../base/own.ts'
import type { WaitWords } from '../compile/wait-terms.ts'
import { invariantError } from '../errors/invariant-error.ts'
import { nodeError } from '../errors/node-error.ts'
import type { WaitRecord, WordRecord } from '../graph/graph.ts'
import type { NodeInput, WaitFunctions } from '../graph/registry.ts'
import { nodeInputOf, type EffectJob, type Ended } from './effect-job.ts'
import { parsePatch, pickPatch } from './parse-patch.ts'
import { endedWith } from './patch-end.ts'

/** Makes what a wait waits for: the key that events must have, or the moment. @throws {NodeError} WAYSTONE_NODE_BAD_WAIT */
export function executePrepare(job: EffectJob, record: WaitRecord, functions: WaitFunctions): Ended {
  const given = nodeInputOf(record, job.context)
  const words: WaitWords =
    record.until === null
      ? { key: keyOf(record, wordOf(record.key, functions.key, given)) }
      : { until: momentOf(record, wordOf(record.until, functions.until, given)) }
  return { outcome: 'begun', output: Object.freeze({ ...words }) }
}

function wordOf(word: WordRecord | null, read: WaitFunctions['key'], given: NodeInput): unknown {
  return read === null && word !== null && word !== 'function' ? own(given.state, word.stateKey) : read?.(given)
}

function keyOf({ id }: WaitRecord, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  throw nodeError(
    'WAYSTONE_NODE_BAD_WAIT',
    `the key of wait ${JSON.stringify(id)} is ${shown(value)}; expected is a text or a number`,
  )
}

function momentOf({ id }: WaitRecord, value: unknown): number {
  const at = typeof value === 'string' && isMoment(value) ? Date.parse(value) : value
  if (typeof at === 'number' && Number.isFinite(at) && at >= 0 && at <= latestMoment) return Math.ceil(at)
  throw nodeError(
    'WAYSTONE_NODE_BAD_WAIT',
    `the moment of wait ${JSON.stringify(id)} is ${shown(value)}; expected is ms since the epoch, or UTC ISO-8601 such as 2027-01-31T12:00:00Z`,
  )
}

/** Without a zone a text would mean another moment on another machine. */
function isMoment(text: string): boolean {
  return /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/.test(text)
}

/** The last moment that a date can name. */
const latestMoment = 8.64e15

function shown(value: unknown): string {
  return value === undefined
    ? 'absent'
    : typeof value === 'number'
      ? String(value)
      : (JSON.stringify(value) ?? typeof value)
}

/** Takes over what came: a patch of what it carries. */
export function executeReceive(job: EffectJob, record: WaitRecord, { apply }: WaitFunctions): Ended {
  const { compiled, context, received, scope } = job
  if (received === undefined)
    throw invariantError(
      'WAYSTONE_BUG_STUCK',
      `step ${scope.step} of ${scope.node} takes over an event that is not there`,
    )
  const { event, payload } = received
  const isOne = record.outcomes.includes('received')
  const patch =
    apply === null
      ? pickPatch(compiled, record, payload)
      : apply(isOne ? payload : Object.freeze({ event, payload }), nodeInputOf(record, context))
  return endedWith(isOne ? 'received' : event, parsePatch(compiled, record, patch))
}
