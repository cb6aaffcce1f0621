import { isJoin } from './build-fork.ts'
import type { BuildScope } from './build-scope.ts'
import { buildTarget, isEnding } from './build-target.ts'
import type { EdgeRecord, HandoffLimitsRecord, LimitsRecord, NodeRecord, Target } from './graph.ts'
import { escalationOutcome, handoffsOf } from './handoff.ts'
import { describeValue } from './issues.ts'
import { nodeDefinitionOf, referenceOf } from './node-reference.ts'
import { placeOf } from './place.ts'
import {
  checkKeys,
  isRecord,
  readCount,
  readDuration,
  readFlag,
  readObject,
  within,
  type Written,
} from './read-config.ts'
import type { Place } from '../errors/definition-error.ts'

const counts = ['max', 'perPair', 'identical'] as const

/** Reads the limits of handing over; undefined: there are none. */
export function readHandoffLimits(scope: BuildScope, limits: Written): HandoffLimitsRecord | undefined {
  const config = readObject(limits, 'handoffs')
  if (config === undefined) return undefined
  const place = within(limits.place, 'handoffs')
  const written: Written = { ...limits, config, place, subject: 'limit handoffs' }
  checkKeys(written, [...counts, 'within', 'per', 'escalateTo'])
  const bounds: { [name in (typeof counts)[number]]?: number } = {}
  for (const name of counts)
    if (config[name] !== undefined) bounds[name] = readCount(written, name, { least: 0, fallback: 0 })
  const withinMs = readDuration(written, 'within')
  if (Object.keys(bounds).length === 0 && withinMs === null) {
    limits.issues.add('WAYSTONE_DEFINITION_BAD_LIMIT', place, {
      message: 'limit handoffs bounds nothing',
      hint: 'Give max, perPair, identical or within.',
    })
  }
  const escalation = readEscalation(scope, written)
  return { ...bounds, ...(withinMs !== null && { withinMs }), per: readPer(scope, written), ...escalation }
}

function readPer(scope: BuildScope, written: Written): string | null {
  const { per } = written.config
  if (per === undefined) return null
  const target = buildTarget(scope, per, within(written.place, 'per'))
  if (target?.startsWith(':') !== true) return target ?? null
  written.issues.add('WAYSTONE_DEFINITION_BAD_LIMIT', within(written.place, 'per'), {
    message: `${written.subject}: per is ${describeValue(per)}, which is never entered`,
    hint: 'Give per: n.name, the node whose entry begins a new chain.',
  })
  return null
}

function readEscalation(scope: BuildScope, written: Written): Pick<HandoffLimitsRecord, 'escalateTo' | 'cancelsFork'> {
  const value = written.config['escalateTo']
  if (value === undefined) return { escalateTo: null }
  const isTarget = nodeDefinitionOf(value) !== undefined || referenceOf(value) !== undefined || isEnding(value)
  const config = isTarget || !isRecord(value) ? { to: value } : value
  const place = escalationPlace(written.place, config['to'])
  const inside: Written = { ...written, config, place, subject: 'escalateTo of limit handoffs' }
  checkKeys(inside, ['to', 'cancelsFork'])
  const escalateTo = buildTarget(scope, config['to'], place) ?? null
  if (isJoin(config['to'])) {
    written.issues.add('WAYSTONE_DEFINITION_MISSING_TARGET', place, {
      message: 'escalateTo of limit handoffs leads to a join, where no branch has been',
      hint: 'Give a node that works, END or FAIL.',
    })
  }
  return { escalateTo, ...(readFlag(inside, 'cancelsFork') && { cancelsFork: true as const }) }
}

function escalationPlace(limits: Place, to: unknown): Place {
  const source = referenceOf(to)?.source
  const path = `${limits.path}.escalateTo`
  return source === undefined ? { ...limits, path } : placeOf(path, source)
}

/** The edges by which handoffs escalate that are one too many: one of each agent that hands over. */
export function buildEscalations(
  scope: BuildScope,
  { handoffs, place }: LimitsRecord,
  nodes: { readonly [id: string]: NodeRecord },
): readonly EdgeRecord[] {
  if (handoffs === undefined) return []
  const senders = Object.values(nodes).filter((node) => Object.keys(handoffsOf(node)).length > 0)
  if (senders.length === 0) {
    scope.issues.add('WAYSTONE_DEFINITION_BAD_LIMIT', within(place, 'handoffs'), {
      message: 'limit handoffs is given, but no agent of this workflow hands over',
      hint: 'Give an agent handoffs, or leave the limit out; one of a nested workflow counts its own.',
    })
  }
  const { escalateTo, cancelsFork, per } = handoffs
  if (escalateTo === null) return []
  return senders.map(({ id }) => ({
    ...escalationEdge(id, escalateTo),
    limit: { max: 1, per },
    ...(cancelsFork && { cancelsFork }),
    place: within(within(place, 'handoffs'), 'escalateTo'),
  }))
}

function escalationEdge(from: string, to: Target): Omit<EdgeRecord, 'place'> {
  return {
    id: `${from}${escalationOutcome}`,
    from,
    outcome: escalationOutcome,
    index: 0,
    when: null,
    to,
    limit: null,
    otherwise: null,
    isImplicit: false,
  }
}
