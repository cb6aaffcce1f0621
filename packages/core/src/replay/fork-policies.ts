import type { JsonObject } from '../base/json.ts'
import { own } from '../base/own.ts'
import { impliedPolicies } from '../check/policy/patched.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import { createGuardRunner } from '../compile/guards.ts'
import { placesOf, rootPlace, type Place } from '../compile/place.ts'
import { brokenBy, brokenText, standsAt, stillBroken } from '../compile/operator-policies.ts'
import { inputError } from '../errors/input-error.ts'
import type { PolicyRecord } from '../graph/graph.ts'
import { crossingName } from '../graph/policy-crossing.ts'
import type { OpenStep, RunContext } from '../snapshot/snapshot.ts'

/** A fork that is about to be made. */
export interface PlannedFork {
  readonly compiled: CompiledWorkflow
  /** Of the origin, where the fork begins. */
  readonly context: RunContext
  readonly at: number
  /** Parsed. */
  readonly patch: JsonObject
  /** Tools whose policies it may break. */
  readonly override: readonly string[]
}

/**
 * Refuses a fork that would run a tool on a yes which is not for it: because its patch changes what the approval has shown, or because
 * the tool is open there, so that the yes was for the origin's run of it.
 *
 * @throws {InputError} WAYSTONE_INPUT_FORK_POLICY unless overridden
 */
export function refusePolicyBreaks(fork: PlannedFork): void {
  const { compiled, at, patch, override } = fork
  const { graph } = compiled
  const nodes = standsAt(fork.context)
  const isAsked = ({ never }: PolicyRecord): boolean => !override.includes(never)
  const changed = brokenBy(graph, { keys: Object.keys(patch), nodes }, override)
  const [first] = changed
  if (first !== undefined)
    throw inputError(
      'WAYSTONE_INPUT_FORK_POLICY',
      `the patch changes what ${first.without === 'approval' ? 'an approval' : first.without.node} shows or what the policy depends on, and from sequence ${at} tool ${first.never} can run without ${crossingName(first)} being crossed again; ` +
        `fork before it, leave ${Object.keys(patch).join(', ')} alone, or override the policy of ${first.never}`,
      { tools: changed.map(({ never }) => never) },
    )
  const [noted] = stillBroken(graph, fork.context, override)
  if (noted !== undefined)
    throw inputError(
      'WAYSTONE_INPUT_FORK_POLICY',
      `at sequence ${at} the run was held, and what was changed then is not what ${crossingName(noted)} was for: ${brokenText(noted, nodes)}; ` +
        `fork before the change, or override the policy of ${noted.never}`,
      { tools: [noted.never] },
    )
  const repeated = placesOf(rootPlace(compiled, { value: '', context: fork.context })).flatMap((place) =>
    impliedPolicies(place.compiled.graph).filter((policy) => isAsked(policy) && isOpen(fork, place, policy)),
  )
  const [again] = repeated
  if (again !== undefined)
    throw inputError(
      'WAYSTONE_INPUT_FORK_POLICY',
      `tool ${again.never} is under way at sequence ${at}, and ${crossingName(again)} was crossed for that run of it: the fork would run it once more on the same yes; ` +
        `fork before ${crossingName(again)}, or override the policy of ${again.never}`,
      { tools: [...new Set(repeated.map(({ never }) => never))] },
    )
}

/** Whether the tool is under way at a place or in what is nested there, on a yes that is not asked for again, while the policy is meant. */
function isOpen(fork: PlannedFork, place: Place, policy: PolicyRecord): boolean {
  const isPolicy = place.compiled.graph.policies.includes(policy)
  const isUnderWay = placesOf(place).some(({ compiled, snapshot }) =>
    Object.values(snapshot.context.open).some((step) => {
      const runs = step.kind === 'tool' || step.kind === 'item' || (step.kind === 'call' && isPolicy)
      return runs && step.approved === undefined && toolOf(compiled, step) === policy.never
    }),
  )
  return isUnderWay && isMeant(fork, place, policy)
}

function toolOf({ graph }: CompiledWorkflow, { node, tool }: OpenStep): string | undefined {
  const record = own(graph.nodes, node)
  return tool ?? (record?.kind === 'tool' ? record.tool : undefined)
}

/** In doubt it is. */
function isMeant({ patch }: PlannedFork, { compiled, snapshot, around }: Place, { given }: PolicyRecord): boolean {
  if (given === null) return true
  try {
    // The patch is of the run's own state.
    const state = { ...snapshot.context.state, ...(around.length === 0 && patch) }
    return createGuardRunner(compiled, state).holds(given, [])
  } catch {
    return true
  }
}
