import type { Engine } from './engine.ts'
import { checkOptions, knownOptions } from './known-options.ts'
import { requireMover } from './parse-override.ts'
import { runOfRule } from './rules.ts'
import { RunHandle } from './run-handle.ts'
import type { Revocation } from './runtime.ts'

const revocationOptions = knownOptions<{ readonly by: string; readonly reason: string }>(
  'a revocation was given',
  'WAYSTONE_INPUT_RULE',
  { by: true, reason: true },
)

/** Takes a rule back: of its workflow, which the store keeps, or of the run that made it. @throws {InputError} WAYSTONE_INPUT_RULE */
export async function revokeRule(
  engine: Engine,
  id: string,
  move: { readonly by: string; readonly reason: string },
): Promise<Revocation> {
  const runId = runOfRule(id)
  checkOptions(revocationOptions, move)
  requireMover(move, 'revocation', 'WAYSTONE_INPUT_RULE')
  const { by, reason } = move
  const { store, clock } = engine
  const known = (await store.rules()).find(({ rule }) => rule.id === id)
  if (known !== undefined) {
    if (known.revoked !== null)
      return { type: 'refused', reason: 'revoked-before', message: `rule ${id} was revoked by ${known.revoked.by}` }
    await store.revokeRule({ id, by, reason, at: clock.now() })
    return { type: 'revoked' }
  }
  if ((await store.row(runId)) === undefined)
    return { type: 'refused', reason: 'rule-unknown', message: `there is no rule ${id}` }
  const acceptance = await new RunHandle(engine, runId).revokeRule(id, { by, reason })
  return acceptance.type === 'applied' ? { type: 'revoked' } : acceptance
}
