import { defaultConcurrency, excessItems, mostConcurrency } from '../define/map.ts'
import { failedBranches, losingBranches } from '../define/join.ts'
import { buildBase, effectKeys } from './build-base.ts'
import { readCompensation } from './build-compensation.ts'
import { readItemWork } from './build-item-work.ts'
import type { BuiltNode, NodeSite } from './build-scope.ts'
import type { MapRecord, NodeRecordBase } from './graph.ts'
import {
  checkKeys,
  isRecord,
  readChoice,
  readCount,
  readFunction,
  readStateKeys,
  refuseValue,
  within,
  type Written,
} from './read-config.ts'
import type { MapFunctions } from './registry.ts'

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
  'compensate',
  'approval',
] as const

/** Reads a map. */
export function buildMap(site: NodeSite): BuiltNode {
  const { scope } = site
  checkKeys(site.written, mapKeys)
  const work = readItemWork(site)
  if (work === undefined) return undefined
  const { written } = work
  const writes = readStateKeys(written, 'writes', scope.stateKeys)
  const apply = readFunction(written, 'apply')
  if (writes.length > 0 && written.config['apply'] === undefined) refuseValue(written, 'apply', 'a function')
  const failed = readChoice(written, 'failed', failedBranches) ?? 'raise'
  const done = readDone(written)
  const outcomes = failed === 'drop' || done !== 'all' ? ['done', 'unsatisfied'] : ['done']
  const source = readSource(site)
  const terms = { effect: work.effect, writes, outcomes, retry: work.retry, timeoutMs: work.timeoutMs }
  const base = withSource(buildBase({ ...site, written }, terms), source.key)
  const { id, reads } = base
  const mayDecline = work.tool !== null
  const undo = readCompensation({ scope, id, written, reads, effect: work.effect, mayDecline })
  const record: MapRecord = {
    ...base,
    kind: 'map',
    over: source.key,
    tool: work.tool,
    ...(work.workflow !== undefined && { workflow: work.workflow }),
    ...(work.asks !== undefined && { asks: work.asks }),
    maxItems: readMaxItems(written),
    excess: readChoice(written, 'excess', excessItems) ?? 'fail',
    concurrency: readConcurrency(written),
    done,
    failed,
    losers: readChoice(written, 'losers', losingBranches) ?? 'abort',
    ...(undo !== undefined && { compensate: undo?.record ?? null }),
  }
  return {
    record,
    functions: {
      ...work.functions,
      ...(undo && { compensate: undo.functions }),
      kind: 'map',
      over: source.over,
      wanted: readWanted(written, done),
      apply,
    },
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
