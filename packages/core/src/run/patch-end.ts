import type { Ended } from './effect-job.ts'
import type { ParsedPatch } from './parse-patch.ts'

/** An end with a patch; empty parts are left out so that histories stay small. */
export function endedWith(outcome: string, { patch, unset }: ParsedPatch): Ended {
  const hasPatch = Object.keys(patch).length > 0
  if (unset.length === 0) return hasPatch ? { outcome, patch } : { outcome }
  return hasPatch ? { outcome, patch, unset } : { outcome, unset }
}
