import { defaultConcurrency, excessItems, mostConcurrency } from '../define/map.ts'
import { failedBranches, losingBranches } from '../define/join.ts'
import { buildBase, effectKeys, readEffect } from './build-base.ts'
import { argumentMisfits } from './build-mapping.ts'
import { defaultRetry, readRetry } from './build-retry.ts'
import type { BuiltNode, NodeSite } from './build-scope.ts'
import { silent } from './build-tool-node.ts'
import { declaredEffect } from './build-tool-rules.ts'
import { collectTool, toolDefinitionOf } from './build-tools.ts'
import type { EffectClass, MapRecord, NodeRecordBase, RetryRecord } from './graph.ts'
import {
  checkKeys,
  isRecord,
  readChoice,
  readCount,
  readDuration,
  readFunction,
  readStateKeys,
  refuseValue,
  within,
  type Written,
} from './read-config.ts'
import type { MapFunctions } from './registry.ts'
import { isSchema, jsonSchemaOf } from './zod-json.ts'

const mapKeys = [
  ...effectKeys,
  'writes',
  'effect',
  'over',
  'item',
  'run',
  'input',
  'maxItems',
  'excess',
  'concurrency',
  'done',
  'wanted',
  'failed',
  'losers',
  'apply',
] as const

/** Reads a map. */
export function buildMap(site: NodeSite): BuiltNode {
  const { written, scope } = site
  checkKeys(written, mapKeys)
  const work = readWork(site)
  if (work === undefined) return undefined
  const writes = readStateKeys(written, 'writes', scope.stateKeys)
  const apply = readFunction(written, 'apply')
  if (writes.length > 0 && written.config['apply'] === undefined) refuseValue(written, 'apply', 'a function')
  const failed = readChoice(written, 'failed', failedBranches) ?? 'raise'
  const done = readDone(written)
  const outcomes = failed === 'drop' || done !== 'all' ? ['done', 'unsatisfied'] : ['done']
  const source = readSource(site)
  const terms = { effect: work.effect, writes, outcomes, retry: work.retry, timeoutMs: work.timeoutMs }
  const record: MapRecord = {
    ...withSource(buildBase(site, terms), source.key),
    kind: 'map',
    over: source.key,
    tool: work.tool,
    maxItems: readMaxItems(written),
    excess: readChoice(written, 'excess', excessItems) ?? 'fail',
    concurrency: readConcurrency(written),
    done,
    failed,
    losers: readChoice(written, 'losers', losingBranches) ?? 'abort',
  }
  return {
    record,
    functions: { ...work.functions, kind: 'map', over: source.over, wanted: readWanted(written, done), apply },
  }
}

/** The key it goes over is read; items that take too long fail, so that the map itself does not time out. */
function withSource(base: NodeRecordBase, key: string | null): NodeRecordBase {
  const reads = key === null || base.reads.includes(key) ? base.reads : [...base.reads, key]
  return { ...base, reads, outcomes: base.outcomes.filter((outcome) => outcome !== 'timeout') }
}

function readSource({ written, scope }: NodeSite): {
  readonly key: string | null
  readonly over: MapFunctions['over']
} {
  const { over } = written.config
  if (typeof over === 'function') return { key: null, over: readFunction(written, 'over') }
  if (typeof over !== 'string') {
    refuseValue(written, 'over', 'a state key that holds a list, or a function')
    return { key: null, over: null }
  }
  const [key] = readStateKeys({ ...written, config: { over: [over] } }, 'over', scope.stateKeys)
  const type = key === undefined ? 'array' : scope.built.records[key]?.schema['type']
  if (type !== 'array' && type !== undefined) refuseValue(written, 'over', 'a state key that holds a list')
  return { key: key ?? null, over: null }
}

/** What an item does. */
interface Work {
  readonly tool: string | null
  readonly effect: EffectClass
  readonly retry: RetryRecord
  readonly timeoutMs: number | null
  readonly functions: Pick<MapFunctions, 'input' | 'run'>
}

function readWork(site: NodeSite): Work | undefined {
  const { written } = site
  const { item, run } = written.config
  if ((item === undefined) === (run === undefined)) {
    refuseValue(written, 'item', item === undefined ? 'a tool, or `run` in its place' : 'left out beside `run`')
    return undefined
  }
  return item === undefined ? runWork(written) : toolWork(site)
}

function runWork(written: Written): Work {
  const run = readFunction(written, 'run')
  if (written.config['input'] !== undefined) refuseValue(written, 'input', 'left out: `run` is given the item')
  const effect = readEffect(written, null)
  return { tool: null, effect, retry: defaultRetry(effect), timeoutMs: null, functions: { input: null, run } }
}

function toolWork({ written, scope }: NodeSite): Work | undefined {
  const { item } = written.config
  const tool = collectTool(scope, item, written)
  const subject = toolDefinitionOf(item)
  if (tool === undefined || subject === undefined) return undefined
  const own: Written = { ...written, config: subject.config, issues: silent }
  const effect = readEffect(written, declaredEffect(subject.config['effect']))
  const input = readFunction(written, 'input')
  if (input === null) checkItem({ written, scope }, subject.config['input'])
  return {
    tool,
    effect,
    retry: subject.config['retry'] === undefined ? defaultRetry(effect) : readRetry(own, defaultRetry(effect)),
    timeoutMs: readDuration(own, 'timeout'),
    functions: { input, run: null },
  }
}

/** Items of a key that are handed to the tool as they are have to fit its input, as far as JSON schemas tell. */
function checkItem({ written, scope }: Pick<NodeSite, 'written' | 'scope'>, input: unknown): void {
  const { over } = written.config
  const list = typeof over === 'string' ? scope.built.records[over]?.schema : undefined
  const items = list?.['items']
  if (!isRecord(items) || !isSchema(input)) return
  for (const message of argumentMisfits(items, jsonSchemaOf(input, 'input') ?? {})) {
    written.issues.add('WAYSTONE_DEFINITION_SHAPES_DIFFER', within(written.place, 'input'), {
      message: `${written.subject}, an item as the input of its tool: ${message}`,
      hint: 'Map between them with input.',
    })
  }
}

function readMaxItems(written: Written): number {
  if (written.config['maxItems'] === undefined) refuseValue(written, 'maxItems', 'a whole number, 1 or more')
  return readCount(written, 'maxItems', { least: 1, fallback: 1 })
}

function readConcurrency(written: Written): number {
  const concurrency = readCount(written, 'concurrency', { least: 1, fallback: defaultConcurrency })
  if (concurrency > mostConcurrency) refuseValue(written, 'concurrency', `a whole number, 1 to ${mostConcurrency}`)
  return Math.min(concurrency, mostConcurrency)
}

function readDone(written: Written): MapRecord['done'] {
  const { done } = written.config
  if (done === undefined || done === 'all') return 'all'
  if (done === 'first') return 'first'
  if (done === 'any') return 1
  if (!isRecord(done)) {
    refuseValue(written, 'done', "'all', 'any', 'first' or { atLeast: number }")
    return 'all'
  }
  const inside = { ...written, config: done, place: within(written.place, 'done'), subject: `${written.subject}, done` }
  checkKeys(inside, ['atLeast'])
  if (done['atLeast'] === undefined) refuseValue(inside, 'atLeast', 'a whole number, 1 or more')
  return readCount(inside, 'atLeast', { least: 1, fallback: 1 })
}

function readWanted(written: Written, done: MapRecord['done']): MapFunctions['wanted'] {
  const wanted = readFunction(written, 'wanted')
  const isGiven = written.config['wanted'] !== undefined
  if (isGiven !== (done === 'first'))
    refuseValue(written, 'wanted', isGiven ? "left out where done is not 'first'" : "a function, since done is 'first'")
  return wanted
}
