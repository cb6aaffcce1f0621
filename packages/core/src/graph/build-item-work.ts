import type { JsonObject } from '../base/json.ts'
import type { AgentDefinition } from '../define/agent.ts'
import { isWorkflow } from '../define/workflow.ts'
import { itemKeys, workflowOfAgent } from './agent-workflow.ts'
import { workflowOfAskedCall } from './asked-workflow.ts'
import { agentDefinitionOf } from './build-agent.ts'
import { readEffect } from './build-base.ts'
import { readItemApproval } from './build-item-approval.ts'
import { argumentMisfits } from './build-mapping.ts'
import { nestedOf } from './build-nested.ts'
import { defaultRetry, noRetry, readRetry } from './build-retry.ts'
import type { NodeSite } from './build-scope.ts'
import { silent } from './build-tool-node.ts'
import { collectTool, declaredEffect, toolDefinitionOf } from './tool-definition.ts'
import type { EffectClass, RetryRecord } from './graph.ts'
import { isRecord, readDuration, readFunction, refuseValue, within, type Written } from './read-config.ts'
import type { MapFunctions, NestedItem } from './registry.ts'
import { isSchema, jsonSchemaOf } from './zod-json.ts'

/** What is done for each item of a map. */
export interface ItemWorkParts {
  /** The options of the map that count for the map itself. */
  readonly written: Written
  readonly tool: string | null
  /** Absent: no workflow is run. */
  readonly workflow?: string
  /** Which items a person is asked about; absent: none. */
  readonly asks?: 'always' | 'arguments'
  readonly effect: EffectClass
  readonly retry: RetryRecord
  readonly timeoutMs: number | null
  readonly functions: Pick<MapFunctions, 'input' | 'run' | 'nested'>
}

/** Reads `item` or `run` of a map, and what goes with them. */
export function readItemWork(site: NodeSite): ItemWorkParts | undefined {
  const { written } = site
  const { item, run } = written.config
  if ((item === undefined) === (run === undefined)) {
    refuseValue(
      written,
      'item',
      item === undefined ? 'a tool, an agent or a workflow, or `run` in its place' : 'left out beside `run`',
    )
    return undefined
  }
  if (item === undefined) return runWork(written)
  if (isWorkflow(item)) return workflowWork(site, item)
  const agent = agentDefinitionOf(item)
  if (agent !== undefined) return agentWork(site, agent)
  const asked = written.config['approval']
  return asked === undefined || asked === false ? toolWork(site) : askedWork(site)
}

function runWork(written: Written): ItemWorkParts {
  const run = readFunction(written, 'run')
  if (written.config['input'] !== undefined) refuseValue(written, 'input', 'left out: `run` is given the item')
  if (written.config['approval'] !== undefined)
    refuseValue(written, 'approval', 'left out: people are asked about a call of a tool; make what `run` does one')
  const effect = readEffect(written, null)
  const retry = defaultRetry(effect)
  return { written, tool: null, effect, retry, timeoutMs: null, functions: { input: null, run, nested: null } }
}

function toolWork({ written, scope }: NodeSite): ItemWorkParts | undefined {
  const { item } = written.config
  const tool = collectTool(scope, item, written)
  const subject = toolDefinitionOf(item)
  if (tool === undefined || subject === undefined) return undefined
  const own: Written = { ...written, config: subject.config, issues: silent }
  const effect = readEffect(written, declaredEffect(subject.config['effect']))
  const input = readFunction(written, 'input')
  const schema = subject.config['input']
  if (input === null && isSchema(schema)) checkItem({ written, scope }, jsonSchemaOf(schema, 'input') ?? {}, 'tool')
  return {
    written,
    tool,
    effect,
    retry: subject.config['retry'] === undefined ? defaultRetry(effect) : readRetry(own, defaultRetry(effect)),
    timeoutMs: readDuration(own, 'timeout'),
    functions: { input, run: null, nested: null },
  }
}

/** A tool that is asked about is a workflow of the request and the call; attempts, timeout and class of the map are those of the call. */
function askedWork(site: NodeSite): ItemWorkParts | undefined {
  const { written, id, definition } = site
  const { item } = written.config
  const subject = toolDefinitionOf(item)
  const schema = subject?.config['input']
  if (subject === undefined || !isSchema(schema)) return toolWork(site)
  const approval = readItemApproval(written, subject.config['approval'])
  if (approval === undefined) return undefined
  const { retry, timeout, effect, compensate, ...config } = written.config
  if (compensate !== undefined && compensate !== false)
    refuseValue(written, 'compensate', 'false or nothing beside `approval`: the tool says how its calls are undone')
  const use = Object.fromEntries(
    Object.entries({ retry, timeout, effect, compensate }).filter(([, value]) => value !== undefined),
  )
  const { source } = definition
  const isOfTool = written.config['approval'] === true
  const rule = {
    name: `${isOfTool ? String(subject.config['name']) : id}.approval.when`,
    source: isOfTool ? subject.source : source,
  }
  const nested = nestedOf(site, workflowOfAskedCall({ map: id, tool: item, schema, use, ...approval, rule, source }))
  if (nested === undefined) return undefined
  const input = readFunction(written, 'input')
  if (input === null) checkItem(site, jsonSchemaOf(schema, 'input') ?? {}, 'tool')
  const work = nestedWork({ ...written, config }, { ...nested, made: itemKeys }, input)
  return { ...work, asks: approval.when === null ? 'always' : 'arguments' }
}

/** An item of a workflow is tried once as a whole, unless the map says otherwise: its nodes have their own attempts. */
function workflowWork(site: NodeSite, workflow: unknown): ItemWorkParts | undefined {
  const { written } = site
  refuseOwnWork(written)
  if (written.config['timeout'] !== undefined)
    refuseValue(written, 'timeout', 'left out: give the workflow `limits: { duration }`, or its nodes timeouts')
  const nested = nestedOf(site, workflow)
  if (nested === undefined) return undefined
  const input = readFunction(written, 'input')
  if (input === null) checkItem(site, nested.graph.inputSchema, 'workflow')
  return nestedWork(written, { ...nested, made: null }, input)
}

/** An agent is a workflow of one node; attempts and timeouts of the map are those of its model calls. */
function agentWork(site: NodeSite, { config: declared }: AgentDefinition): ItemWorkParts | undefined {
  const { written, id, definition } = site
  refuseOwnWork(written)
  const { retry, timeout, ...config } = written.config
  const use = { ...(retry !== undefined && { retry }), ...(timeout !== undefined && { timeout }) }
  const agent = written.config['item']
  const nested = nestedOf(site, workflowOfAgent({ map: id, agent, use, source: definition.source }))
  if (nested === undefined) return undefined
  const input = readFunction(written, 'input')
  const schema = declared['input']
  if (input === null && isSchema(schema)) checkItem(site, jsonSchemaOf(schema, 'input') ?? {}, 'agent')
  return nestedWork({ ...written, config }, { ...nested, made: itemKeys }, input)
}

function nestedWork(written: Written, nested: NestedItem, input: MapFunctions['input']): ItemWorkParts {
  return {
    written,
    tool: null,
    workflow: nested.graph.name,
    effect: 'pure',
    retry: noRetry,
    timeoutMs: null,
    functions: { input, run: null, nested },
  }
}

function refuseOwnWork(written: Written): void {
  if (written.config['approval'] !== undefined)
    refuseValue(
      written,
      'approval',
      'left out: rules for the tools of an agent, and approvals in a workflow, say who is asked',
    )
  if (written.config['compensate'] !== undefined)
    refuseValue(written, 'compensate', 'left out: what runs inside says how it is undone')
  if (written.config['effect'] !== undefined)
    refuseValue(written, 'effect', 'left out: the tools inside have classes of their own')
}

/** Items of a key that are handed on as they are have to fit what takes them, as far as JSON schemas tell. */
function checkItem({ written, scope }: Pick<NodeSite, 'written' | 'scope'>, wanted: JsonObject, what: string): void {
  const { over } = written.config
  const list = typeof over === 'string' ? scope.built.records[over]?.schema : undefined
  const items = list?.['items']
  if (!isRecord(items)) return
  for (const message of argumentMisfits(items, wanted)) {
    written.issues.add('WAYSTONE_DEFINITION_SHAPES_DIFFER', within(written.place, 'input'), {
      message: `${written.subject}, an item as the input of its ${what}: ${message}`,
      hint: 'Map between them with input.',
    })
  }
}
