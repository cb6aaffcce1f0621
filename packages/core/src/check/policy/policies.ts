import type { PolicyRecord } from '../../graph/graph.ts'
import { formatPath, type Move, type Subject } from '../moves.ts'
import { atomsOf, formatGuard } from '../propositions.ts'
import { errorAt, type Rule } from '../rule.ts'
import type { Finding } from '../report.ts'
import { findBreaches, type Breach } from './breach.ts'
import { runnersOf } from './runners.ts'

/**
 * Every path to the tool has crossed the outcome since the tool last ran and since the keys shown were last written.
 *
 * Policies that name something unknown are left to their own rule.
 */
export const policies: Rule = (subject) =>
  subject.graph.policies.flatMap((policy) => (isNamed(subject, policy) ? breaches(subject, policy) : []))

function isNamed({ graph }: Subject, { never, without, given }: PolicyRecord): boolean {
  const node = graph.nodes[without.node]
  const guards = given === null ? [] : [...atomsOf(given)]
  return (
    node?.outcomes.includes(without.outcome) === true &&
    runnersOf(graph, never).length > 0 &&
    guards.every((guard) => graph.guards[guard] !== undefined)
  )
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

function outcomeName({ without }: PolicyRecord): string {
  return `${without.node}.${without.outcome}`
}

function givenText({ given }: PolicyRecord): string {
  return given === null ? '' : `, given ${formatGuard(given)}`
}

function violatedFinding({ graph }: Subject, policy: PolicyRecord, breach: Breach): Finding {
  const { runner, path, lost } = breach
  const outcome = outcomeName(policy)
  const id = runner.node.id
  const where = runner.node.kind === 'agent' ? ` inside agent "${id}"` : ''
  if (breach.isSecondRun) {
    return errorAt('WAYSTONE_DEFINITION_POLICY_VIOLATED', {
      place: policy.place,
      message: `tool "${policy.never}"${where} may run ${runner.runs} times in one visit, but ${outcome} covers one run${givenText(policy)}: ${formatPath(path, id)}`,
      hint: `Make "${policy.never}" a node of its own behind ${outcome}, and leave it out of the tools of "${id}".`,
    })
  }
  const because = lost === null ? `${outcome} is not crossed` : lost
  return errorAt('WAYSTONE_DEFINITION_POLICY_VIOLATED', {
    place: policy.place,
    message: `tool "${policy.never}"${where} can run without ${outcome}${givenText(policy)}: ${wholePath(graph.start, path, id)}; on this path ${because}`,
    hint: `Lead every path to "${id}" through ${outcome}, after each run of the tool and each change of what is shown.`,
  })
}

function notProvableFinding({ graph }: Subject, policy: PolicyRecord, { runner, path }: Breach): Finding {
  const keys = new Set([...atomsOf(policy.given ?? { all: [] })].flatMap((guard) => graph.guards[guard]?.reads ?? []))
  const writers = [...new Set(path.map((move) => move.from))].filter((id) =>
    graph.nodes[id]?.writes.some((key) => keys.has(key)),
  )
  const writes = writers.map(
    (id) =>
      `"${id}" writes ${(graph.nodes[id]?.writes ?? [])
        .filter((key) => keys.has(key))
        .map((key) => `"${key}"`)
        .join(', ')}`,
  )
  return errorAt('WAYSTONE_DEFINITION_POLICY_NOT_PROVABLE', {
    place: policy.place,
    message: `that tool "${policy.never}" cannot run without ${outcomeName(policy)}${givenText(policy)} is not provable: ${wholePath(graph.start, path, runner.node.id)}; on this path ${writes.join(' and ')}, which ${formatGuard(policy.given ?? { all: [] })} reads`,
    hint: `Test ${formatGuard(policy.given ?? { all: [] })} again after the last node that writes what it reads, or do not write it there.`,
  })
}

function wholePath(start: string, path: readonly Move[], last: string): string {
  if (path.length === 0) return `"${last}" is where the run starts`
  const prefix = path[0]?.from === start ? '' : 'limits.exhausted → '
  return prefix + formatPath(path, last)
}
