import { z } from 'zod'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import type { EngineEvent } from '../snapshot/event.ts'
import { issueLines } from './issues.ts'
import { payloadProblem } from './send-event.ts'

const text = z.string()
const step = z.int().min(0)
const object = z.looseObject({})
const move = z.looseObject({ by: text, reason: text })
const overriding = move.extend({ override: z.array(text).optional() })
const said = z.looseObject({ step, text, by: text, through: text })

const decided = z.looseObject({
  step,
  outcome: text,
  digest: text,
  reason: text,
  by: text,
  through: text,
  patch: object.optional(),
  remember: object.optional(),
  rule: object.optional(),
})

/** What processes deliver to one another, by type: as far as `plan` relies on it. Other types never stand in an inbox. */
const payloads: { readonly [Type in EngineEvent['type']]?: z.ZodType } = {
  'event.received': z.looseObject({ message: z.looseObject({ event: text, key: text.nullable(), payload: z.json() }) }),
  'request.decided': decided,
  'request.asked': said.extend({ digest: text }),
  'request.answered': said.extend({ question: z.int().min(1) }),
  'run.hold': move,
  'run.release': overriding,
  'run.patch': overriding.extend({ state: object, unset: z.array(text).optional() }),
  'run.redirect': overriding.extend({ to: text }),
  'run.cancel': move,
  'rule.revoke': move.extend({ rule: text }),
}

/**
 * What an event of the inbox has against it; undefined: nothing.
 *
 * Another process put it there, whose Waystone may be of another version and whose workflow may be, too.
 */
export function inboxProblem(compiled: CompiledWorkflow, event: EngineEvent): string | undefined {
  const payload = Object.hasOwn(payloads, event.type) ? payloads[event.type] : undefined
  if (payload === undefined)
    return `found an event of type ${JSON.stringify(event.type)}; this Waystone takes ${Object.keys(payloads).join(', ')}`
  const parsed = payload.safeParse(event.payload)
  if (!parsed.success)
    return `an event of type ${event.type} is not what it should be: ${issueLines(parsed.error).join('; ')}`
  return event.type === 'event.received' ? payloadProblem(compiled, event.payload) : undefined
}
