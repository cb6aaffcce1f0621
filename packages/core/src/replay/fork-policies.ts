import type { JsonObject } from '../base/json.ts'
import { own } from '../base/own.ts'
import { subjectOf } from '../check/moves.ts'
import { findBreaches } from '../check/policy/breach.ts'
import { atomsOf } from '../check/propositions.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import { createGuardRunner } from '../compile/guards.ts'
import { inputError } from '../errors/input-error.ts'
import type { PolicyRecord } from '../graph/graph.ts'
import { crossingName, isCrossing, shownAt } from '../graph/policy-crossing.ts'
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
  const asked = policiesOf(compiled).filter(({ never }) => !override.includes(never))
  const changed = asked.filter((policy) => touches(fork, policy) && reachesUncrossed(fork, policy))
  const [first] = changed
  if (first !== undefined)
    throw inputError(
      'WAYSTONE_INPUT_FORK_POLICY',
      `the patch changes what ${first.without === 'approval' ? 'an approval' : first.without.node} shows or what the policy depends on, and from sequence ${at} tool ${first.never} can run without ${crossingName(first)} being crossed again; ` +
        `fork before it, leave ${Object.keys(patch).join(', ')} alone, or override the policy of ${first.never}`,
      { tools: changed.map(({ never }) => never) },
    )
  const repeated = asked.filter((policy) => isOpen(fork, policy))
  const [again] = repeated
  if (again !== undefined)
    throw inputError(
      'WAYSTONE_INPUT_FORK_POLICY',
      `tool ${again.never} is under way at sequence ${at}, and ${crossingName(again)} was crossed for that run of it: the fork would run it once more on the same yes; ` +
        `fork before ${crossingName(again)}, or override the policy of ${again.never}`,
      { tools: repeated.map(({ never }) => never) },
    )
}

/** Policies as written, and that of each tool about whose calls people are asked: as a node it runs behind an approval. */
function policiesOf({ graph }: CompiledWorkflow): readonly PolicyRecord[] {
  const said = new Set(graph.policies.map(({ never }) => never))
  const unsaid = Object.values(graph.tools).filter(({ name, approval }) => approval !== undefined && !said.has(name))
  return [
    ...graph.policies,
    ...unsaid.map(({ name, place }): PolicyRecord => ({ never: name, without: 'approval', given: null, place })),
  ]
}

function touches({ compiled: { graph }, patch }: PlannedFork, policy: PolicyRecord): boolean {
  const shown = Object.values(graph.nodes).flatMap((node) =>
    node.outcomes.some((outcome) => isCrossing(policy, node, outcome)) ? shownAt(graph, node.id) : [],
  )
  const given =
    policy.given === null ? [] : [...atomsOf(policy.given)].flatMap((name) => graph.guards[name]?.reads ?? [])
  return [...shown, ...given].some((key) => Object.hasOwn(patch, key))
}

/** Whether the tool can run from where the run stands, as if nothing had been approved and no guard been read so far. */
function reachesUncrossed({ compiled: { graph }, context }: PlannedFork, policy: PolicyRecord): boolean {
  const runsUnasked = graph.policies.includes(policy) ? () => true : isToolNode
  return Object.values(context.open).some((step) =>
    findBreaches(subjectOf({ ...graph, start: step.node }), policy, { forgets: true }).some(({ runner }) =>
      runsUnasked(runner.node),
    ),
  )
}

function isToolNode({ kind }: { readonly kind: string }): boolean {
  return kind === 'tool'
}

/** Whether the tool is under way there, on a yes that is not asked for again, while the policy is meant. */
function isOpen(fork: PlannedFork, policy: PolicyRecord): boolean {
  const { compiled, context } = fork
  const isPolicy = compiled.graph.policies.includes(policy)
  return (
    Object.values(context.open).some((step) => {
      const runs = step.kind === 'tool' || (step.kind === 'call' && isPolicy)
      return runs && step.approved === undefined && toolOf(compiled, step) === policy.never
    }) && isMeant(fork, policy)
  )
}

function toolOf({ graph }: CompiledWorkflow, { node, tool }: OpenStep): string | undefined {
  const record = own(graph.nodes, node)
  return tool ?? (record?.kind === 'tool' ? record.tool : undefined)
}

/** In doubt it is. */
function isMeant({ compiled, context, patch }: PlannedFork, { given }: PolicyRecord): boolean {
  if (given === null) return true
  try {
    return createGuardRunner(compiled, { ...context.state, ...patch }).holds(given, [])
  } catch {
    return true
  }
}
