import { takeJson } from '../base/json.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import { inputError } from '../errors/input-error.ts'
import type { EngineEvent, RunPatch } from '../snapshot/event.ts'
import type { EventStamp } from './decision-event.ts'
import { checkOptions, knownOptions } from './known-options.ts'
import { parseOverride, requireMover } from './parse-override.ts'
import { parseStatePatch, parseUnsetKeys } from './parse-state-patch.ts'
import type { PatchInput } from './runtime.ts'

const code = 'WAYSTONE_INPUT_PATCH'
const patchOptions = knownOptions<PatchInput>('a patch was given', code, {
  state: true,
  unset: true,
  by: true,
  reason: true,
  override: true,
})

/** Turns an operator's patch into an event, everything in it parsed. @throws {InputError} WAYSTONE_INPUT_PATCH */
export function patchEvent(compiled: CompiledWorkflow, given: PatchInput, stamp: EventStamp): EngineEvent {
  checkOptions(patchOptions, given)
  const { by, reason, override = [] } = given
  const state = parseStatePatch(compiled, given.state ?? {}, code)
  const unset = parseUnsetKeys(compiled, given.unset ?? [], { code, patch: state })
  if (Object.keys(state).length === 0 && unset.length === 0)
    throw inputError(code, 'the patch is empty: it names no state key to set or to remove')
  requireMover(given, 'patch', code)
  const payload = {
    state,
    ...(unset.length > 0 && { unset }),
    by,
    reason,
    ...parseOverride(compiled.graph, override, { what: 'patch', code }),
  }
  const taken = takeJson(payload, 'patch of a run') as unknown as RunPatch
  return Object.freeze({ ...stamp, type: 'run.patch', from: 'operator', payload: taken })
}
