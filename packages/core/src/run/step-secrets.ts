import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import type { EffectJob } from './effect-job.ts'

const none: readonly string[] = Object.freeze([])

/** Names of the secrets that a step may resolve: those of the tool it runs. @param called - the tool of an agent's call */
export function secretsOfStep(
  { graph }: CompiledWorkflow,
  record: EffectJob['record'],
  called: string | undefined,
): readonly string[] {
  const tool = called ?? (record.kind === 'tool' ? record.tool : undefined)
  return tool === undefined ? none : (graph.tools[tool]?.secrets ?? none)
}
