import type { PolicyRecord } from '../../graph/graph.ts'
import { crossingName } from '../../graph/policy-crossing.ts'
import { formatPath, jumpName, type Move, type Subject } from '../moves.ts'
import { compensationsOf } from '../../graph/compensations.ts'
import { graphsOf } from '../../graph/nested-graphs.ts'
import { always, atomsOf, formatGuard } from '../propositions.ts'
import { errorAt, type Rule } from '../rule.ts'
import type { Finding } from '../report.ts'
import { findBreaches, type Breach } from './breach.ts'
import { runnersOf, type Runner } from './runners.ts'

/**
 * Every path to the tool has crossed the outcome since the tool last ran and since the keys shown were last written.
 *
 * Policies that name something unknown are left to their own rule.
 */
export const policies: Rule = (subject) =>
  subject.graph.policies.flatMap((policy) => [
    ...(isNamed(subject, policy) ? breaches(subject, policy) : []),
    ...undoFindings(subject, policy),
  ])

/** Undoing begins wherever a run ends, and nobody is asked then. */
function undoFindings({ graph }: Subject, policy: PolicyRecord): Finding[] {
  const sites = graphsOf(graph).flatMap((one) =>
    Object.values(one.nodes).flatMap((node) => compensationsOf(one, node).map(({ record }) => ({ node, record }))),
  )
  return sites
    .filter(({ record }) => record.kind === 'tool' && record.tool === policy.never)
    .map(({ node, record }) =>
      errorAt('WAYSTONE_DEFINITION_POLICY_VIOLATED', {
        place: policy.place,
        message: `tool "${policy.never}" undoes what "${node.id}" did (${record.place.path}), which may be wherever a run ends, without ${crossingName(policy)}`,
        hint: `Let another tool undo "${node.id}", one that can do no more than that, or leave its compensate out.`,
      }),
    )
}

function isNamed({ graph }: Subject, { never, without, given }: PolicyRecord): boolean {
  const isKnown = without === 'approval' || graph.nodes[without.node]?.outcomes.includes(without.outcome) === true
  const guards = given === null ? [] : [...atomsOf(given)]
  return isKnown && runnersOf(graph, never).length > 0 && guards.every((guard) => graph.guards[guard] !== undefined)
}

function breaches(subject: Subject, policy: PolicyRecord): Finding[] {
  const all = findBreaches(subject, policy, { forgets: true })
  if (all.length === 0) return []
  const plain = new Map(
    findBreaches(subject, policy, { forgets: false }).map((breach) => [breach.runner.node.id, breach]),
  )
  return all.map((breach) => {
    const violated = plain.get(breach.runner.node.id)
    return violated === undefined
      ? notProvableFinding(subject, policy, breach)
      : violatedFinding(subject, policy, violated)
  })
}

function givenText({ given }: PolicyRecord): string {
  return given === null ? '' : `, given ${formatGuard(given)}`
}

function violatedFinding(subject: Subject, policy: PolicyRecord, breach: Breach): Finding {
  const { runner, path, lost } = breach
  const outcome = crossingName(policy)
  const id = runner.node.id
  const where =
    runner.node.kind === 'agent'
      ? ` inside agent "${id}"`
      : runner.node.kind === 'workflow'
        ? ` in nested workflow "${id}"`
        : runner.node.kind === 'map' && runner.node.workflow !== undefined
          ? ` in the items of map "${id}"`
          : ''
  if (breach.isSecondRun) {
    return errorAt('WAYSTONE_DEFINITION_POLICY_VIOLATED', {
      place: policy.place,
      message: `tool "${policy.never}"${where} may run ${Number.isFinite(runner.runs) ? `${runner.runs} times` : 'more than once'} in one visit, but ${outcome} covers one run${givenText(policy)}: ${formatPath(path, id)}`,
      hint: `Make "${policy.never}" a node of its own behind ${outcome}, and leave it out of the tools of "${id}".${askHint(subject, policy, runner)}`,
    })
  }
  const because = lost === null ? `${outcome} is not crossed` : lost
  return errorAt('WAYSTONE_DEFINITION_POLICY_VIOLATED', {
    place: policy.place,
    message: `tool "${policy.never}"${where} can run without ${outcome}${givenText(policy)}: ${wholePath(subject, path, id)}; on this path ${because}`,
    hint: `Lead every path to "${id}" through ${outcome}, after each run of the tool and each change of what is shown.${askHint(subject, policy, runner)}`,
  })
}

/** Inside an agent, and about an item, a person can also be asked about the very call; that satisfies policies that any approval satisfies. */
function askHint({ graph }: Subject, { never, without }: PolicyRecord, { node }: Runner): string {
  if (without === 'approval' && node.kind === 'map' && (node.tool === never || node.asks === 'arguments')) {
    const isAsking = node.asks === 'arguments'
    const known = isAsking ? ` What its \`when\` says of the input of an item proves nothing.` : ''
    const terms =
      isAsking || graph.tools[never]?.approval?.when === 'arguments'
        ? 'terms of its own without `when`, as `approval: { reason: "…" }`'
        : '`approval: true`'
    return `${known} Or ask a person about the call of every item: ${terms}, on map "${node.id}".`
  }
  if (without !== 'approval' || node.kind !== 'agent' || !node.tools.includes(never)) return ''
  return ` Or ask a person before each call: \`approval: true\` on the rule for "${never}" in \`toolRules\` of "${node.id}".`
}

function notProvableFinding(subject: Subject, policy: PolicyRecord, { runner, path, forgot }: Breach): Finding {
  const { graph } = subject
  const given = policy.given ?? always
  const keys = new Set([...atomsOf(given)].flatMap((guard) => graph.guards[guard]?.reads ?? []))
  const written = (graph.nodes[forgot ?? '']?.writes ?? []).filter((key) => keys.has(key)).map((key) => `"${key}"`)
  const way = wholePath(subject, path, runner.node.id)
  return errorAt('WAYSTONE_DEFINITION_POLICY_NOT_PROVABLE', {
    place: policy.place,
    message: `that tool "${policy.never}" cannot run without ${crossingName(policy)}${givenText(policy)} is not provable: ${way}; on this path "${forgot ?? ''}" writes ${written.join(', ')}, which ${formatGuard(given)} reads`,
    hint: `Test ${formatGuard(given)} again after "${forgot ?? ''}", or do not write there what it reads.`,
  })
}

function wholePath(subject: Subject, path: readonly Move[], last: string): string {
  const jump = jumpName(subject, path[0]?.from ?? last)
  if (path.length > 0) return (jump === undefined ? '' : `${jump} → `) + formatPath(path, last)
  return jump === undefined ? `"${last}" is where the run starts` : `${jump} → ${last}`
}
