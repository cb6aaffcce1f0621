import { canonicalJson, isJsonEqual, type Json, type JsonObject } from '../base/json.ts'
import { sha256 } from '../base/hash.ts'
import { own } from '../base/own.ts'
import type { Graph } from '../graph/graph.ts'
import { callApprovalOf } from '../graph/tool-use.ts'
import { argumentsOfCall } from '../snapshot/agent-calls.ts'
import type { PersonDecision } from '../snapshot/event.ts'
import type { OpenStep } from '../snapshot/snapshot.ts'
import type { RuleScope, StickyRule } from '../snapshot/sticky-rule.ts'
import { asksBeforeCall } from './call-question.ts'
import { patchedAt } from './patched-keys.ts'
import { pathAt, type Place } from './place.ts'

/** A call that a person is asked about, as rules see it. */
export interface AskedCall {
  readonly node: string
  readonly tool: string
  readonly arguments: Json
  /** When it was asked, ms since the epoch. */
  readonly since: number
  /** How far a decision on it may be remembered. Order: narrow first. */
  readonly scopes: readonly RuleScope[]
  /** A policy wants a person to say yes to each run of the tool: no yes is remembered. */
  readonly needsFreshYes: boolean
  /** Name of the run's workflow. */
  readonly workflow: string
  /** Of the tool as it is declared, where it runs. */
  readonly declared: string
  /** When an operator last patched what is shown of it, ms since the epoch; undefined: nobody has. */
  readonly patchedAt: number | undefined
}

const none: readonly RuleScope[] = Object.freeze([])
const scopesOf: { readonly [widest in 'never' | RuleScope]: readonly RuleScope[] } = {
  never: none,
  run: Object.freeze(['run'] as const),
  workflow: Object.freeze(['run', 'workflow'] as const),
}

/** The call that an open step asks about; undefined: it asks about none. */
export function askedCallOf(place: Place, step: OpenStep): AskedCall | undefined {
  const { compiled, snapshot } = place
  const { graph } = compiled
  const record = graph.nodes[step.node]
  const { tool, callId } = step
  const rule = record === undefined || tool === undefined ? null : callApprovalOf(graph, record, tool)
  if (!asksBeforeCall(step) || rule === null || tool === undefined || callId === undefined) return undefined
  return {
    node: pathAt(place, step.node),
    tool,
    arguments: argumentsOfCall(own(snapshot.context.private, step.node), callId)?.arguments ?? null,
    since: step.since,
    // What several must say is not remembered as the word of one.
    scopes: rule.quorum === undefined ? scopesOf[rule.remember ?? 'run'] : none,
    needsFreshYes: [graph, ...place.around.map((one) => one.compiled.graph)].some((one) => wantsFreshYes(one, tool)),
    workflow: (place.around[0]?.compiled ?? compiled).graph.name,
    declared: declaredDigest(graph, tool),
    patchedAt: patchedAt(place, step.node),
  }
}

function wantsFreshYes({ policies }: Graph, tool: string): boolean {
  return policies.some((policy) => policy.never === tool && policy.remembered !== true)
}

function declaredDigest(graph: Graph, tool: string): string {
  const { place: _, description: __, ...declared } = own(graph.tools, tool) ?? { place: null, description: '' }
  return sha256(canonicalJson(declared as unknown as Json))
}

/** What a rule is bound to. */
function ruleDigest(rule: Omit<StickyRule, 'digest'>, { workflow, declared }: AskedCall): string {
  return sha256(canonicalJson({ ...rule, workflow, declared }))
}

/** Why a decision may not be remembered; undefined: it may. */
export function rememberRefusal(
  asked: AskedCall | undefined,
  { outcome, remember }: PersonDecision,
): string | undefined {
  if (remember === undefined) return undefined
  if (asked === undefined) return 'only what is decided about a call of an agent is remembered'
  if (outcome !== 'approved' && outcome !== 'rejected')
    return `only approved and rejected are remembered, not ${outcome}`
  if (!asked.scopes.includes(remember.scope))
    return asked.scopes.length === 0
      ? `decisions on calls of tool ${asked.tool} are not remembered`
      : `decisions on calls of tool ${asked.tool} are remembered for ${asked.scopes.join(' or ')}, not for the ${remember.scope}`
  if (outcome === 'approved' && asked.needsFreshYes)
    return `a policy wants somebody to approve each run of tool ${asked.tool}`
  return undefined
}

/** The rule that a decision makes, which may be remembered. @param made - `id`: of the request; `at`: ms since the epoch */
export function ruleOf(
  asked: AskedCall,
  decision: PersonDecision,
  { id, at }: { readonly id: string; readonly at: number },
): StickyRule | undefined {
  const { remember, outcome, by, reason } = decision
  if (remember === undefined || (outcome !== 'approved' && outcome !== 'rejected')) return undefined
  const isExact = remember.arguments === undefined
  const rule: Omit<StickyRule, 'digest'> = {
    id,
    scope: remember.scope,
    outcome,
    node: asked.node,
    tool: asked.tool,
    arguments: isExact ? asked.arguments : (remember.arguments ?? null),
    ...(isExact && { isExact }),
    by,
    ...(decision.for !== undefined && { for: decision.for }),
    reason,
    at,
    ...(remember.expiresAt !== undefined && { expiresAt: remember.expiresAt }),
  }
  return Object.freeze({ ...rule, digest: ruleDigest(rule, asked) })
}

/** Why a rule does not decide a call; undefined: it does. @param now - ms since the epoch */
export function ruleRefusal(asked: AskedCall | undefined, rule: StickyRule, now: number): string | undefined {
  if (asked === undefined) return 'it is no call of an agent that is asked about'
  const { digest, ...said } = rule
  if (digest !== ruleDigest(said, asked)) return 'the tool, or the rule, is not what it was'
  if (rule.node !== asked.node || rule.tool !== asked.tool) return `it is for ${rule.tool} of ${rule.node}`
  if (!asked.scopes.includes(rule.scope)) return `nothing is remembered for the ${rule.scope}`
  if (rule.outcome === 'approved' && asked.needsFreshYes)
    return 'a policy wants somebody to approve each run of the tool'
  if (rule.outcome === 'approved' && asked.patchedAt !== undefined && rule.at <= asked.patchedAt)
    return 'an operator has patched since what was shown with it'
  if (rule.at > asked.since) return 'the call was asked about before the rule was made'
  if (rule.expiresAt !== undefined && rule.expiresAt <= now) return 'it has expired'
  return isMatch(rule, asked.arguments) ? undefined : 'the arguments are others'
}

function isMatch({ arguments: wanted, isExact }: StickyRule, given: Json): boolean {
  if (isExact === true) return isJsonEqual(wanted, given)
  if (wanted === null) return true
  if (typeof given !== 'object' || given === null || Array.isArray(given)) return false
  return Object.entries(wanted as JsonObject).every(([name, value]) => {
    const found = own(given as JsonObject, name)
    return found !== undefined && isJsonEqual(value, found)
  })
}

/** The rule that decides a call: a no before a yes, then the newest. Undefined: none does. */
export function deciding(rules: readonly StickyRule[], asked: AskedCall, now: number): StickyRule | undefined {
  const fitting = rules.filter((rule) => ruleRefusal(asked, rule, now) === undefined).toSorted((a, b) => b.at - a.at)
  return fitting.find(({ outcome }) => outcome === 'rejected') ?? fitting[0]
}
