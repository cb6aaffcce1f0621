import type { EffectClass } from '../define/effect-class.ts'
import { readEffect } from './build-base.ts'
import { readNodeApproval } from './build-call-approval.ts'
import { buildGuard } from './build-guards.ts'
import { defaultRetry } from './build-retry.ts'
import type { NodeSite } from './build-scope.ts'
import { effectClasses, type AgentRecord, type ToolRuleRecord } from './graph.ts'
import { listOfNames } from './issues.ts'
import {
  checkKeys,
  isRecord,
  readCount,
  readNames,
  readObject,
  refuseValue,
  within,
  type Written,
} from './read-config.ts'

/** A tool of an agent, as far as its rules depend on it. */
export interface AgentTool {
  readonly name: string
  readonly effect: EffectClass
  /** True when the tool names a retry policy of its own. */
  readonly hasRetry: boolean
}

/** What the rules of an agent are read from. */
export interface ToolRulesSource {
  readonly tools: readonly AgentTool[]
  /** The node's own options. */
  readonly written: Written
  /** Options of the agent that was defined apart; null when there is none. */
  readonly apart: Written | null
}

type ToolRuleRecords = NonNullable<AgentRecord['toolRules']>

/**
 * Reads the rules for an agent's tools: those of the agent, made stricter by those of the node that uses it.
 *
 * @returns undefined when there are none, so that graphs without rules stay as they were
 */
export function buildToolRules(site: NodeSite, source: ToolRulesSource): ToolRuleRecords | undefined {
  const rules: { [tool: string]: ToolRuleRecord } = {}
  const { tools, written, apart } = source
  if (apart !== null) readRules(site, { written: apart, tools, isApart: true }, rules)
  readRules(site, { written, tools, isApart: false }, rules)
  return Object.keys(rules).length === 0 ? undefined : rules
}

interface RulesTable {
  readonly written: Written
  readonly tools: readonly AgentTool[]
  readonly isApart: boolean
}

function readRules(site: NodeSite, table: RulesTable, rules: { [tool: string]: ToolRuleRecord }): void {
  const { written, tools } = table
  const config = readObject(written, 'toolRules')
  const place = within(written.place, 'toolRules')
  for (const [name, value] of Object.entries(config ?? {})) {
    const tool = tools.find((candidate) => candidate.name === name)
    if (tool === undefined) {
      written.issues.add('WAYSTONE_DEFINITION_BAD_TOOL', within(place, name), {
        message: `${written.subject}: toolRules names ${JSON.stringify(name)}, which is no tool of this agent`,
        hint: `Its tools are: ${listOfNames(tools.map((known) => known.name))}.`,
      })
      continue
    }
    if (value === undefined) continue
    if (!isRecord(value)) {
      refuseValue({ ...written, config: config ?? {}, place }, name, 'an object of rules')
      continue
    }
    const rule: Written = {
      ...written,
      config: value,
      place: within(place, name),
      subject: `${written.subject}, rule for tool ${JSON.stringify(name)}`,
    }
    const merged = stricter(rule, rules[name] ?? {}, readRule(site, { rule, tool, table, known: rules[name] }))
    if (Object.keys(merged).length > 0) rules[name] = merged
  }
}

interface RuleSource {
  readonly rule: Written
  readonly tool: AgentTool
  readonly table: RulesTable
  /** What the agent itself says already. */
  readonly known: ToolRuleRecord | undefined
}

function readRule(site: NodeSite, { rule, tool, table, known }: RuleSource): ToolRuleRecord {
  checkKeys(rule, [...(table.isApart ? [] : ['when']), 'after', 'maxCalls', 'effect', 'approval'])
  const { config, place } = rule
  const when =
    table.isApart || config['when'] === undefined ? null : buildGuard(site.scope, config['when'], within(place, 'when'))
  const after = readAfter(rule, table.tools)
  const least = known?.effect ?? tool.effect
  const effect = config['effect'] === undefined ? least : readEffect(rule, least)
  const approval = readNodeApproval(rule, table.isApart ? null : (guard, where) => buildGuard(site.scope, guard, where))
  return {
    ...(when !== null && { when }),
    ...(after.length > 0 && { after }),
    ...(config['maxCalls'] !== undefined && { maxCalls: readCount(rule, 'maxCalls', { least: 0, fallback: 0 }) }),
    ...(approval !== undefined && { approval }),
    ...(effect !== tool.effect && { effect, ...(!tool.hasRetry && { retry: defaultRetry(effect) }) }),
  }
}

function readAfter(rule: Written, tools: readonly AgentTool[]): readonly string[] {
  return readNames(rule, 'after').filter((name) => {
    if (tools.some((tool) => tool.name === name)) return true
    rule.issues.add('WAYSTONE_DEFINITION_BAD_TOOL', within(rule.place, 'after'), {
      message: `${rule.subject}: after names ${JSON.stringify(name)}, which is no tool of this agent`,
      hint: `Its tools are: ${listOfNames(tools.map((tool) => tool.name))}.`,
    })
    return false
  })
}

/** Both rules at once. A node cannot allow more calls than its agent. */
function stricter(rule: Written, known: ToolRuleRecord, own: ToolRuleRecord): ToolRuleRecord {
  const after = [...new Set([...(known.after ?? []), ...(own.after ?? [])])]
  if (known.maxCalls !== undefined && own.maxCalls !== undefined && own.maxCalls > known.maxCalls) {
    rule.issues.add('WAYSTONE_DEFINITION_BAD_VALUE', within(rule.place, 'maxCalls'), {
      message: `${rule.subject}: maxCalls is ${own.maxCalls}, but its agent allows ${known.maxCalls}`,
      hint: 'A node may only be stricter than its agent.',
    })
  }
  return { ...known, ...own, ...(after.length > 0 && { after }) }
}

/** How careful a tool says it is. */
export function declaredEffect(value: unknown): EffectClass {
  return effectClasses.find((effect) => effect === value) ?? 'unsafe'
}
