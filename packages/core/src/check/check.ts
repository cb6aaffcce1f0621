import type { Graph } from '../graph/graph.ts'
import { inMadeWorkflow } from '../graph/made-text.ts'
import { boundsOf } from './bounds/bounds.ts'
import { subjectOf, type Subject } from './moves.ts'
import { policies } from './policy/policies.ts'
import type { CheckReport, Finding } from './report.ts'
import type { CheckOptions, Rule } from './rule.ts'
import { forkRules } from './fork-rules.ts'
import { costUnknown } from './rules/cost-unknown.ts'
import { defaultUnsafe } from './rules/default-unsafe.ts'
import { escalatesToNobody } from './rules/escalates-to-nobody.ts'
import { groupBorders } from './rules/group-borders.ts'
import { hearsNothing } from './rules/hears-nothing.ts'
import { limitBelowCall, limitBelowStart } from './rules/limit-below-start.ts'
import { modelSchema } from './rules/model-schema.ts'
import { modelUnbound } from './rules/model-unbound.ts'
import { noEnd } from './rules/no-end.ts'
import { outputNeverWritten } from './rules/output-never-written.ts'
import { parallelKeys } from './rules/parallel-keys.ts'
import { policyNames } from './rules/policy-names.ts'
import { readBeforeWrite } from './rules/read-before-write.ts'
import { secretName } from './rules/secret-name.ts'
import { seesFork } from './rules/sees-fork.ts'
import { shadowedEdge } from './rules/shadowed-edge.ts'
import { approvalSwitchedOff } from './rules/approval-switched-off.ts'
import { toolAsksNobody } from './rules/tool-asks-nobody.ts'
import { toolNeverCalled } from './rules/tool-never-called.ts'
import { totalRouting } from './rules/total-routing.ts'
import { unknownTarget } from './rules/unknown-target.ts'
import { unlimitedCycle } from './rules/unlimited-cycle.ts'
import { unreachable } from './rules/unreachable.ts'

/** Order: as findings are printed. */
const rules: readonly Rule[] = [
  unknownTarget,
  unreachable,
  noEnd,
  ...forkRules,
  seesFork,
  parallelKeys,
  unlimitedCycle,
  limitBelowStart,
  limitBelowCall,
  totalRouting,
  shadowedEdge,
  toolNeverCalled,
  readBeforeWrite,
  outputNeverWritten,
  hearsNothing,
  groupBorders,
  policyNames,
  policies,
  toolAsksNobody,
  approvalSwitchedOff,
  escalatesToNobody,
  modelUnbound,
  modelSchema,
  costUnknown,
  secretName,
  defaultUnsafe,
]

/**
 * Checks a graph: every rule, all findings at once, and the worst case of a run. Calls no model and no author function.
 *
 * Cost: near linear in nodes and edges.
 *
 * @param built - what `buildGraph` gives; only its graph is read
 * @param options - what is known of the environment; rules about what is not given are left out
 * @returns plain frozen data
 */
export function check(built: { readonly graph: Graph }, options: CheckOptions = {}): CheckReport {
  const { graph } = built
  const subject = subjectOf(graph)
  return Object.freeze({
    workflow: graph.name,
    version: graph.version,
    findings: findingsIn(subject, options),
    bounds: Object.freeze(boundsOf(subject, options)),
  })
}

/** The findings of {@link check} alone, without the worst case of a run. */
export function findingsOf(built: { readonly graph: Graph }, options: CheckOptions = {}): readonly Finding[] {
  return findingsIn(subjectOf(built.graph), options)
}

/** The findings of a graph whose forks have no structure: it cannot be compiled. */
export function forkFindingsOf(built: { readonly graph: Graph }): readonly Finding[] {
  return Object.freeze(forkFindingsIn(built.graph))
}

function forkFindingsIn(graph: Graph): readonly Finding[] {
  const subject = subjectOf(graph)
  return [...forkRules.flatMap((rule) => rule(subject, {})), ...nestedFindings(graph, forkFindingsIn)]
}

/** What is found in nested workflows, each workflow once. */
function nestedFindings(graph: Graph, find: (nested: Graph) => readonly Finding[]): readonly Finding[] {
  const found = Object.values(graph.workflows ?? {}).flatMap((nested) => {
    const told = (text: string): string => inMadeWorkflow(nested.name, Object.keys(nested.nodes), text)
    return find(nested).map((one) => Object.freeze({ ...one, message: told(one.message), hint: told(one.hint) }))
  })
  const texts = new Map(found.map((finding) => [JSON.stringify(finding), finding]))
  return [...texts.values()]
}

function findingsIn(subject: Subject, options: CheckOptions): readonly Finding[] {
  const found = rules.flatMap((rule) => rule(subject, options))
  const all = [...found, ...nestedFindings(subject.graph, (nested) => findingsIn(subjectOf(nested), options))]
  const bySeverity = Object.groupBy(all, (finding) => finding.severity)
  return Object.freeze([...(bySeverity.error ?? []), ...(bySeverity.warning ?? [])])
}
