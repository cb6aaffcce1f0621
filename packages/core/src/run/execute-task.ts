import type { TaskFunctions } from '../graph/registry.ts'
import { nodeError } from '../errors/node-error.ts'
import { nodeInputOf, type EffectJob, type Ended } from './effect-job.ts'
import { parsePatch } from './parse-patch.ts'
import { endedWith } from './patch-end.ts'
import { whenDone } from './when-done.ts'

/** Outcomes that the engine gives; every other one is the author's own. */
const builtInOutcomes: ReadonlySet<string> = new Set(['done', 'failed', 'timeout', 'unknown'])

/** Runs a task's function once. */
export function executeTask(job: EffectJob, functions: TaskFunctions): Ended | Promise<Ended> {
  const { record, context } = job
  return whenDone(functions.run(nodeInputOf(record, context), job.scope), (given) => {
    job.scope.hasReturned = true
    if (record.outcomes.every((outcome) => builtInOutcomes.has(outcome)))
      return endedWith('done', parsePatch(job.compiled, record, given))
    const { outcome, patch } = chosenOutcome(job, given)
    return endedWith(outcome, parsePatch(job.compiled, record, patch))
  })
}

function chosenOutcome({ record }: EffectJob, given: unknown): { readonly outcome: string; readonly patch: unknown } {
  const outcome: unknown = typeof given === 'object' && given !== null ? Reflect.get(given, 'outcome') : undefined
  if (typeof outcome === 'string' && record.outcomes.includes(outcome))
    return { outcome, patch: Reflect.get(Object(given), 'patch') }
  throw nodeError(
    'WAYSTONE_NODE_BAD_OUTCOME',
    `task ${JSON.stringify(record.id)} ended with outcome ${JSON.stringify(outcome) ?? 'undefined'}; declared are: ${record.outcomes.join(', ')}`,
  )
}
