import { z } from 'zod'
import { storeError } from '../errors/store-error.ts'
import type { StoredRule } from './store.ts'

const text = z.string()

/** Loose: a rule of a newer Waystone may say more, and is bound by its digest to all of it. */
const rule = z.looseObject({
  id: text,
  scope: z.enum(['run', 'workflow']),
  outcome: z.enum(['approved', 'rejected']),
  node: text,
  tool: text,
  arguments: z.json(),
  isExact: z.literal(true).optional(),
  digest: text,
  by: text,
  for: text.optional(),
  reason: text,
  at: z.number(),
  expiresAt: z.number().optional(),
})

const revocation = z.object({ by: text, reason: text, at: z.number() })

/**
 * Reads a remembered decision as a store keeps it: no hash stands for it, and it lets tools run.
 *
 * @param stored - `rule` and `revoked` as JSON texts
 * @throws {StoreError} WAYSTONE_STORE_CORRUPT naming the workflow and the first thing that is wrong
 */
export function parseStoredRule(stored: {
  readonly workflow: string
  readonly rule: string
  readonly revoked: string | null
}): StoredRule {
  const { workflow } = stored
  const read = <Value>(schema: z.ZodType<Value>, json: string): Value => {
    try {
      return schema.parse(JSON.parse(json))
    } catch (error) {
      const why = error instanceof z.ZodError ? z.prettifyError(error) : 'it is not JSON'
      const message = `a remembered decision of workflow ${JSON.stringify(workflow)} is not readable: ${why}`
      throw storeError('WAYSTONE_STORE_CORRUPT', message, { workflow }, error)
    }
  }
  return {
    workflow,
    // zod's optional keys may be undefined, those of JSON are absent.
    rule: read(rule, stored.rule) as StoredRule['rule'],
    revoked: stored.revoked === null ? null : read(revocation, stored.revoked),
  }
}
