import type { EffectClass } from '../define/effect-class.ts'
import { takeJson, type Json } from '../base/json.ts'
import { isSchema, jsonSchemaOf } from './zod-json.ts'
import { argumentMisfits } from './build-mapping.ts'
import { collectTool, declaredEffect, toolDefinitionOf } from './tool-definition.ts'
import { readEffect } from './build-base.ts'
import { readNodeApproval } from './build-call-approval.ts'
import { buildGuard } from './build-guards.ts'
import { defaultRetry } from './build-retry.ts'
import type { NodeSite } from './build-scope.ts'
import type { AgentRecord, ToolRuleRecord } from './graph.ts'
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
  /** True when the tool itself says that a person is asked before its calls run. */
  readonly asks: boolean
  /** The schema of its arguments, as written. */
  readonly input: unknown
}

/** The rules of an agent, and what else may run because of them. */
export interface BuiltToolRules {
  /** Undefined when there are none, so that graphs without rules stay as they were. */
  readonly rules: ToolRuleRecords | undefined
  /** Tools that run in place of others. */
  readonly alternates: readonly AgentTool[]
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
 */
export function buildToolRules(site: NodeSite, source: ToolRulesSource): BuiltToolRules {
  const rules: { [tool: string]: ToolRuleRecord } = {}
  const alternates = new Map<string, AgentTool>()
  const { tools, written, apart } = source
  if (apart !== null) readRules(site, { written: apart, tools, isApart: true, alternates }, rules)
  readRules(site, { written, tools, isApart: false, alternates }, rules)
  checkAlternates(source, rules, [...alternates.values()])
  return {
    rules: Object.keys(rules).length === 0 ? undefined : rules,
    alternates: [...alternates.values()],
  }
}

/** A tool that runs in place of another would slip past conditions of its own, and past a person who was asked about the other. */
function checkAlternates(
  { tools, written }: ToolRulesSource,
  rules: ToolRuleRecords,
  known: readonly AgentTool[],
): void {
  const place = within(written.place, 'toolRules')
  const refuse = (tool: string, message: string): void => {
    written.issues.add('WAYSTONE_DEFINITION_BAD_TOOL', within(within(place, tool), 'alternates'), {
      message: `${written.subject}: ${message}`,
      hint: 'Leave the alternate out, or make it a node of its own behind outcome failed.',
    })
  }
  for (const tool of tools) {
    const { alternates = [] } = rules[tool.name] ?? {}
    if (alternates.length > 0 && asksPerson(tool, rules))
      refuse(
        tool.name,
        `a person is asked before calls of ${JSON.stringify(tool.name)} run, and its alternates would run unasked`,
      )
    for (const name of alternates) {
      const alternate = known.find((one) => one.name === name)
      if (alternate !== undefined && asksPerson(alternate, rules))
        refuse(tool.name, `a person is asked before calls of its alternate ${JSON.stringify(name)} run`)
      const { effect: _, retry: __, approval: ___, ...conditions } = rules[name] ?? {}
      const keys = Object.keys(conditions)
      if (keys.length > 0)
        refuse(
          tool.name,
          `its alternate ${JSON.stringify(name)} has rules of its own (${keys.join(', ')}), which it would not keep`,
        )
    }
  }
}

function asksPerson({ name, asks }: AgentTool, rules: ToolRuleRecords): boolean {
  const said = rules[name]?.approval
  return said === undefined ? asks : said !== null
}

interface RulesTable {
  readonly written: Written
  readonly tools: readonly AgentTool[]
  readonly isApart: boolean
  /** Filled in as they are met. */
  readonly alternates: Map<string, AgentTool>
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
  checkKeys(rule, [
    ...(table.isApart ? [] : ['when']),
    'after',
    'maxCalls',
    'effect',
    'approval',
    'alternates',
    'otherwise',
  ])
  const { config, place } = rule
  const when =
    table.isApart || config['when'] === undefined ? null : buildGuard(site.scope, config['when'], within(place, 'when'))
  const after = readAfter(rule, table.tools)
  const alternates = readAlternates(site, { rule, tool, table })
  const otherwise = readOtherwise(rule)
  const least = known?.effect ?? tool.effect
  const effect = config['effect'] === undefined ? least : readEffect(rule, least)
  const approval = readNodeApproval(rule, table.isApart ? null : (guard, where) => buildGuard(site.scope, guard, where))
  return {
    ...(when !== null && { when }),
    ...(after.length > 0 && { after }),
    ...(config['maxCalls'] !== undefined && { maxCalls: readCount(rule, 'maxCalls', { least: 0, fallback: 0 }) }),
    ...(approval !== undefined && { approval }),
    ...(effect !== tool.effect && { effect, ...(!tool.hasRetry && { retry: defaultRetry(effect) }) }),
    ...(alternates !== undefined && { alternates }),
    ...(otherwise !== undefined && { otherwise }),
  }
}

function readAlternates(
  { scope }: NodeSite,
  { rule, tool, table }: Omit<RuleSource, 'known'>,
): readonly string[] | undefined {
  const value = rule.config['alternates']
  if (value === undefined) return undefined
  if (!Array.isArray(value)) {
    refuseValue(rule, 'alternates', 'a list of tools')
    return undefined
  }
  const place = within(rule.place, 'alternates')
  const names = new Set<string>()
  for (const written of value as readonly unknown[]) {
    const alternate = agentTool(scope, written, { ...rule, place })
    if (alternate === undefined) continue
    names.add(alternate.name)
    table.alternates.set(alternate.name, alternate)
    for (const misfit of misfitsOf(tool, alternate)) {
      rule.issues.add('WAYSTONE_DEFINITION_SHAPES_DIFFER', place, {
        message: `${rule.subject}: alternate ${JSON.stringify(alternate.name)} cannot take its arguments: ${misfit}`,
        hint: 'An alternate is given the same arguments: let its input accept them.',
      })
    }
  }
  if (names.has(tool.name)) refuseValue(rule, 'alternates', 'a list of other tools')
  return [...names]
}

function misfitsOf(tool: AgentTool, alternate: AgentTool): readonly string[] {
  const [given, wanted] = [tool.input, alternate.input].map((schema) =>
    isSchema(schema) ? jsonSchemaOf(schema, 'input') : undefined,
  )
  return given === undefined || wanted === undefined ? [] : argumentMisfits(given, wanted)
}

function readOtherwise(rule: Written): Json | undefined {
  const value = rule.config['otherwise']
  if (value === undefined) return undefined
  try {
    return takeJson(value, 'otherwise')
  } catch {
    refuseValue(rule, 'otherwise', 'JSON')
    return undefined
  }
}

/** A tool as far as its rules depend on it; undefined, and reported, when it is none. */
export function agentTool(scope: NodeSite['scope'], tool: unknown, written: Written): AgentTool | undefined {
  const name = collectTool(scope, tool, written)
  const config = toolDefinitionOf(tool)?.config
  if (name === undefined || config === undefined) return undefined
  const { effect, retry, input, approval = false } = config
  return { name, effect: declaredEffect(effect), hasRetry: retry !== undefined, asks: approval !== false, input }
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
