import type { DecidersRecord } from './graph.ts'
import {
  checkKeys,
  isRecord,
  readChoice,
  readCount,
  readDuration,
  readNames,
  readObject,
  readText,
  refuseValue,
  within,
  type Written,
} from './read-config.ts'

/** Options that say who decides. */
export const deciderKeys = ['quorum', 'delegates', 'escalate'] as const

/** Reads who decides a request. */
export function readDeciders(written: Written): DecidersRecord {
  const quorum = readQuorum(written)
  const delegates = readDelegates(written)
  const escalations = readEscalations(written)
  return {
    ...(quorum !== undefined && { quorum }),
    ...(delegates.length > 0 && { delegates }),
    ...(escalations.length > 0 && { escalations }),
  }
}

function part(written: Written, key: string, config: Written['config']): Written {
  return { ...written, config, place: within(written.place, key), subject: `${key} of ${written.subject}` }
}

function readQuorum(written: Written): DecidersRecord['quorum'] {
  const config = readObject(written, 'quorum')
  if (config === undefined) return undefined
  const inside = part(written, 'quorum', config)
  checkKeys(inside, ['need', 'of', 'rejected'])
  if (config['need'] === undefined) refuseValue(inside, 'need', 'a whole number, 2 or more')
  const need = readCount(inside, 'need', { least: 2, fallback: 2 })
  const of = config['of'] === undefined ? null : readNames(inside, 'of')
  if (of !== null && of.length < need) refuseValue(inside, 'of', `a list of at least ${need} persons`)
  const rejected = readChoice(inside, 'rejected', ['one', 'unreachable']) ?? 'one'
  if (rejected === 'unreachable' && of === null)
    refuseValue(inside, 'rejected', '"one", unless `of` says how many persons there are')
  return { need, of, rejected }
}

function readDelegates(written: Written): NonNullable<DecidersRecord['delegates']> {
  const config = readObject(written, 'delegates')
  if (config === undefined) return []
  const inside = part(written, 'delegates', config)
  return Object.keys(config).map((person) => {
    const by = readNames(inside, person)
    if (by.length === 0 || by.includes(person)) refuseValue(inside, person, 'a list of other persons')
    return { person, by }
  })
}

function readEscalations(written: Written): NonNullable<DecidersRecord['escalations']> {
  const value = written.config['escalate']
  if (value === undefined) return []
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  let last = 0
  return list.flatMap((item, index) => {
    if (!isRecord(item)) {
      refuseValue(written, 'escalate', '{ after, role } or a list of these')
      return []
    }
    const inside = part(written, Array.isArray(value) ? `escalate.${index}` : 'escalate', item)
    checkKeys(inside, ['after', 'role'])
    if (item['after'] === undefined) refuseValue(inside, 'after', 'a duration')
    const afterMs = readDuration(inside, 'after') ?? 0
    if (afterMs > 0 && afterMs <= last) refuseValue(inside, 'after', 'later than the one before')
    last = Math.max(last, afterMs)
    return [{ afterMs, role: readText(inside, 'role') }]
  })
}
