import { nodeKeys, readCommon } from './build-base.ts'
import { collectEvent } from './build-events.ts'
import { checkMapping } from './build-mapping.ts'
import { noRetry } from './build-retry.ts'
import type { BuildScope, BuiltNode, NodeSite } from './build-scope.ts'
import type { WaitRecord, WordRecord } from './graph.ts'
import { describeValue } from './issues.ts'
import {
  checkKeys,
  readDuration,
  readFunction,
  readStateKeys,
  refuseValue,
  within,
  type AuthorFunction,
} from './read-config.ts'
import { isSchema, jsonSchemaOf } from './zod-json.ts'

const timeKeys = ['delay', 'until'] as const
const eventKeys = ['for', 'key', 'writes', 'apply', 'expiresIn'] as const

/** Reads a wait: for events, for so long, or until a moment. */
export function buildWait(site: NodeSite): BuiltNode {
  const { written, scope } = site
  const { config } = written
  const ways = (['for', ...timeKeys] as const).filter((way) => config[way] !== undefined)
  const [way, ...others] = ways
  if (way === undefined || others.length > 0) {
    refuseValue(
      written,
      way ?? 'for',
      way === undefined ? 'given, or delay, or until' : `left out beside ${others.join(' and ')}`,
    )
    return undefined
  }
  checkKeys(written, [...nodeKeys, 'reads', ...(way === 'for' ? eventKeys : [way])])
  return way === 'for' ? eventWait(site) : timeWait(site, readStateKeys(written, 'reads', scope.stateKeys))
}

function timeWait(site: NodeSite, reads: readonly string[]): BuiltNode {
  const { written } = site
  const until = readWord(site, 'until', 'a time: ms since the epoch, or UTC ISO-8601')
  const delayMs = readDuration(written, 'delay')
  return {
    record: {
      ...baseOf(site, { reads, word: until.record, writes: [] }),
      outcomes: until.record === null ? ['done'] : ['done', 'failed'],
      kind: 'wait',
      events: [],
      key: null,
      delayMs,
      until: until.record,
      expiresInMs: null,
    },
    functions: { kind: 'wait', key: null, until: until.read, apply: null },
  }
}

function eventWait(site: NodeSite): BuiltNode {
  const { written, scope } = site
  const events = readEvents(site)
  const reads = readStateKeys(written, 'reads', scope.stateKeys)
  const writes = readStateKeys(written, 'writes', scope.stateKeys)
  const key = readWord(site, 'key', 'a word: text or a number')
  const apply = readFunction(written, 'apply')
  const expiresInMs = readDuration(written, 'expiresIn')
  if (events === undefined) return undefined
  for (const name of events) scope.awaited.add(name)
  if (apply === null && writes.length > 0) checkPayloads(site, { events, writes })
  const isOne = !Array.isArray(written.config['for'])
  return {
    record: {
      ...baseOf(site, { reads, word: key.record, writes }),
      outcomes: [...(isOne ? ['received'] : events), ...(expiresInMs === null ? [] : ['expired']), 'failed'],
      kind: 'wait',
      events,
      key: key.record,
      delayMs: null,
      until: null,
      expiresInMs,
    },
    functions: { kind: 'wait', key: key.read, until: null, apply },
  }
}

function baseOf(
  { id, written }: NodeSite,
  terms: { readonly reads: readonly string[]; readonly writes: readonly string[]; readonly word: WordRecord | null },
): Omit<WaitRecord, 'kind' | 'events' | 'key' | 'delayMs' | 'until' | 'expiresInMs' | 'outcomes'> {
  const { reads, writes, word } = terms
  const own = word === null || word === 'function' || reads.includes(word.stateKey) ? [] : [word.stateKey]
  return {
    id,
    reads: [...reads, ...own],
    writes,
    effect: 'pure',
    retry: noRetry,
    timeoutMs: null,
    ...readCommon(written),
  }
}

function readEvents({ written, scope }: NodeSite): readonly string[] | undefined {
  const given = written.config['for']
  const place = within(written.place, 'for')
  const list = Array.isArray(given) ? (given as readonly unknown[]) : [given]
  if (list.length === 0) {
    refuseValue(written, 'for', 'an event, or a list of at least one')
    return undefined
  }
  const names = list.map((event) => collectEvent(scope, event, place)).filter((name) => name !== undefined)
  if (names.length < list.length) return undefined
  for (const name of names.filter((one, index) => names.indexOf(one) !== index)) {
    written.issues.add('WAYSTONE_DEFINITION_DUPLICATE', place, {
      message: `${written.subject} waits for ${JSON.stringify(name)} twice`,
      hint: 'Name it once.',
    })
  }
  return [...new Set(names)]
}

/** Without `apply` each event must hold what the node writes. */
function checkPayloads(
  site: NodeSite,
  { events, writes }: { readonly events: readonly string[]; readonly writes: readonly string[] },
): void {
  for (const name of events) {
    const payload = site.scope.events.get(name)?.definition.payload
    const schema = isSchema(payload) ? jsonSchemaOf(payload, 'output') : undefined
    checkMapping(site, { direction: 'apply', schema: schema ?? { type: 'null' }, keys: writes })
  }
}

function readWord(
  { written, scope }: NodeSite,
  option: 'key' | 'until',
  holds: string,
): { readonly record: WordRecord | null; readonly read: AuthorFunction | null } {
  const value = written.config[option]
  if (value === undefined) return { record: null, read: null }
  if (typeof value === 'function') return { record: 'function', read: readFunction(written, option) }
  const schema = typeof value === 'string' ? wordSchema(scope, value) : undefined
  if (typeof value === 'string' && schema !== undefined) {
    if (mayBeWord(schema)) return { record: { stateKey: value }, read: null }
    written.issues.add('WAYSTONE_DEFINITION_SHAPES_DIFFER', within(written.place, option), {
      message: `${written.subject}: ${option} is state key ${JSON.stringify(value)}, which never holds ${holds}`,
      hint: 'Name a key that does, or give a function of what the node reads.',
    })
    return { record: null, read: null }
  }
  if (typeof value === 'string') {
    readStateKeys({ ...written, config: { [option]: [value] } }, option, scope.stateKeys)
  } else refuseValue(written, option, `a state key that holds ${holds}, or a function; found ${describeValue(value)}`)
  return { record: null, read: null }
}

function wordSchema({ built }: BuildScope, key: string): { readonly [part: string]: unknown } | undefined {
  return Object.hasOwn(built.records, key) ? built.records[key]?.schema : undefined
}

/** Whether a value of a JSON schema may be text or a number, as far as it says. */
function mayBeWord(schema: { readonly [part: string]: unknown }): boolean {
  const { type } = schema
  if (type === undefined) return true
  const types = Array.isArray(type) ? (type as readonly unknown[]) : [type]
  return types.some((one) => one === 'string' || one === 'number' || one === 'integer')
}
