import { own } from '../base/own.ts'
import { formatGuard } from '../check/propositions.ts'
import type { ModelToolCall } from '../define/model.ts'
import type { AgentRecord, Graph, NodeRecord, ToolRuleRecord } from '../graph/graph.ts'
import type { Registry } from '../graph/registry.ts'
import type { GuardReading } from '../snapshot/decision.ts'
import type { RefusedCall, WithheldTool } from '../snapshot/refusal.ts'
import type { AgentMemory, RunContext } from '../snapshot/snapshot.ts'
import { createGuardRunner, type GuardRunner } from './guards.ts'

/** How often a tool has been called in a visit. */
type CallCount = NonNullable<AgentMemory['called']>[string]

const never: CallCount = Object.freeze({ begun: 0, done: 0 })

/** True when calls of a tool must be counted because a rule of the agent looks at the count. */
function isCounted({ toolRules }: AgentRecord, tool: string): boolean {
  if (toolRules === undefined) return false
  if (own(toolRules, tool)?.maxCalls !== undefined) return true
  return Object.values(toolRules).some((rule) => rule.after?.includes(tool) === true)
}

/** The counts with one call more begun (or less: it was not run after all), or one more ended well; the same object when no rule looks at the tool. */
export function countCall(
  record: NodeRecord,
  called: AgentMemory['called'],
  { tool, what, by = 1 }: { readonly tool: string; readonly what: keyof CallCount; readonly by?: 1 | -1 },
): AgentMemory['called'] {
  if (record.kind !== 'agent' || !isCounted(record, tool)) return called
  const count = own(called ?? {}, tool) ?? never
  return Object.freeze({ ...called, [tool]: Object.freeze({ ...count, [what]: count[what] + by }) })
}

/** The calls of one model answer. */
export interface AskedCalls {
  /** In the order asked. */
  readonly calls: readonly ModelToolCall[]
  /** Calls already known not to run, by call id. */
  readonly refused: { readonly [callId: string]: RefusedCall }
  /** The call that hands over, which is no call of a tool; absent: none does. */
  readonly handoff?: string | undefined
}

/**
 * All calls of an answer that are not run, by call id: those already refused, tools that the agent does not have, calls against
 * a rule, and more than a turn may have. Pure, and the same when it is given its own result.
 */
export function refuseCalls(
  record: NodeRecord,
  memory: Pick<AgentMemory, 'called'> | undefined,
  { calls, refused, handoff }: AskedCalls,
): AskedCalls['refused'] {
  const all: { [callId: string]: RefusedCall } = {}
  const turn = calls.map(({ name }) => name)
  let called = memory?.called
  let run = 0
  for (const call of calls) {
    if (call.id === handoff) continue
    const refusal =
      own(refused, call.id) ??
      foreignTool(record, call.name) ??
      (record.kind === 'agent' ? (brokenRule(record, call.name, { called, turn }) ?? fullTurn(record, run)) : undefined)
    if (refusal === undefined) {
      run += 1
      called = countCall(record, called, { tool: call.name, what: 'begun' })
    } else Object.defineProperty(all, call.id, { value: refusal, enumerable: true })
  }
  return all
}

function foreignTool(record: NodeRecord, tool: string): RefusedCall | undefined {
  if (record.kind === 'agent' && record.tools.includes(tool)) return undefined
  return { rule: 'unknown', message: `there is no tool ${JSON.stringify(tool)}` }
}

function fullTurn({ maxCallsPerTurn }: AgentRecord, run: number): RefusedCall | undefined {
  if (run < maxCallsPerTurn) return undefined
  const message = `not run: at most ${maxCallsPerTurn} calls are allowed in one turn`
  return { rule: 'maxCallsPerTurn', message }
}

/** Which rule that needs no state keeps a call from being run. @param turn - tools asked for in this turn; they have not ended */
function brokenRule(
  record: AgentRecord,
  tool: string,
  { called = {}, turn }: { readonly called: AgentMemory['called']; readonly turn: readonly string[] },
): RefusedCall | undefined {
  const rule = own(record.toolRules ?? {}, tool)
  if (rule === undefined) return undefined
  const missing = (rule.after ?? []).filter((name) => (own(called, name) ?? never).done === 0)
  if (missing.length > 0) return { rule: 'after', message: afterText(tool, missing, turn) }
  if (rule.maxCalls === undefined || (own(called, tool) ?? never).begun < rule.maxCalls) return undefined
  const calls = `${rule.maxCalls} call${rule.maxCalls === 1 ? '' : 's'}`
  return { rule: 'maxCalls', message: `not run: at most ${calls} of ${tool} allowed in one visit, and no more` }
}

function afterText(tool: string, missing: readonly string[], turn: readonly string[]): string {
  const reasons = missing.map((name) =>
    turn.includes(name)
      ? `${name} was asked for in the same turn and has not ended`
      : `${name} has not been called with success`,
  )
  return `not run: ${tool} only after ${missing.join(' and ')}; ${reasons.join('; ')}`
}

/**
 * The tools that an agent is not offered now, each with the rule that says so; undefined when it is offered all.
 *
 * Decided on the snapshot that the model is asked with: the same when it is asked again after a crash.
 *
 * @throws {NodeError} WAYSTONE_NODE_GUARD_ERROR when a guard throws or gives something else than a boolean
 */
export function withheldTools(
  parts: { readonly graph: Graph; readonly registry: Registry },
  record: NodeRecord,
  context: RunContext,
): { readonly [tool: string]: WithheldTool } | undefined {
  if (record.kind !== 'agent' || record.toolRules === undefined) return undefined
  const guards = createGuardRunner(parts, context.state)
  const called = own(context.private, record.id)?.called
  const withheld: { [tool: string]: WithheldTool } = {}
  for (const [tool, rule] of Object.entries(record.toolRules)) {
    const broken = falseGuard(tool, rule, guards) ?? brokenRule(record, tool, { called, turn: [] })
    if (broken !== undefined) withheld[tool] = broken
  }
  return Object.keys(withheld).length === 0 ? undefined : withheld
}

/** The model is told names of guards and what they said, never what they read: the agent may not read it. */
function falseGuard(tool: string, { when }: ToolRuleRecord, runner: GuardRunner): WithheldTool | undefined {
  if (when === undefined) return undefined
  const guards: GuardReading[] = []
  if (runner.holds(when, guards)) return undefined
  const said = guards.map(({ guard, result }) => `${guard} is ${result}`).join(', ')
  return { rule: 'when', message: `not run: ${tool} only when ${formatGuard(when)}; ${said}`, guards }
}
