import type { SourceLine } from '../define/source-line.ts'
import type { Place } from '../errors/definition-error.ts'
import { buildEdgeGuard } from './build-guards.ts'
import { nodeDefinitionOf, referenceOf } from './node-reference.ts'
import type { BuildScope } from './build-scope.ts'
import { buildTarget, isEnding } from './build-target.ts'
import { buildEmit } from './build-emit.ts'
import { buildFork, forkGuard } from './build-fork.ts'
import {
  failTarget,
  forkTarget,
  personTarget,
  type EdgeLimit,
  type EdgeRecord,
  type NodeRecord,
  type Target,
} from './graph.ts'
import { describeValue, listOfNames } from './issues.ts'
import { placeOf } from './place.ts'
import { checkKeys, isRecord, readCount, readFlag, type Written } from './read-config.ts'

type Records = { readonly [id: string]: NodeRecord }

/** Outcomes that need no edge, and where they lead without one. */
const implicitTargets: { readonly [outcome: string]: Target } = {
  failed: failTarget,
  timeout: failTarget,
  unknown: personTarget,
}

function implicitTarget(node: NodeRecord, outcome: string): Target | undefined {
  // Other nodes may have an outcome of that name for themselves, which must be routed.
  const mayExhaust = node.kind === 'agent' || node.kind === 'workflow'
  return mayExhaust && outcome === 'exhausted' ? failTarget : implicitTargets[outcome]
}

/** All edges, node by node in the order of `nodes`, outcome by outcome as written, implicit ones last. */
export function buildEdges(scope: BuildScope, written: unknown, nodes: Records): readonly EdgeRecord[] {
  if (!isRecord(written)) {
    scope.issues.add(
      'WAYSTONE_DEFINITION_BAD_VALUE',
      { ...scope.place, path: `${scope.name}.edges` },
      {
        message: `edges is ${describeValue(written)}; expected is an object of nodes`,
        hint: 'Give edges: { node: { outcome: target } }.',
      },
    )
    return []
  }
  for (const from of Object.keys(written)) {
    if (scope.nodeNames.has(from)) continue
    scope.issues.add(
      'WAYSTONE_DEFINITION_UNKNOWN_NODE',
      { ...scope.place, path: `${scope.name}.edges.${from}` },
      {
        message: `edges names ${JSON.stringify(from)}, which is no node`,
        hint: `Nodes are: ${listOfNames(scope.nodeNames)}.`,
      },
    )
  }
  return Object.values(nodes).flatMap((node) => edgesOf(scope, node, written[node.id]))
}

function edgesOf(scope: BuildScope, node: NodeRecord, written: unknown): readonly EdgeRecord[] {
  const path = `${scope.name}.edges.${node.id}`
  const routed = isRecord(written) ? written : {}
  if (!isRecord(written) && written !== undefined) {
    scope.issues.add(
      'WAYSTONE_DEFINITION_BAD_VALUE',
      { ...node.place, path },
      {
        message: `edges of node ${JSON.stringify(node.id)} are ${describeValue(written)}; expected is an object of outcomes`,
        hint: `Outcomes are: ${listOfNames(node.outcomes)}.`,
      },
    )
  }
  for (const outcome of Object.keys(routed)) {
    if (!node.outcomes.includes(outcome)) reportOutcome(scope, node, outcome)
  }
  const edges: EdgeRecord[] = []
  for (const outcome of node.outcomes) {
    const place: Place = { ...node.place, path: `${path}.${outcome}` }
    const implicit = implicitTarget(node, outcome)
    if (routed[outcome] !== undefined)
      edges.push(...outcomeEdges(scope, { from: node.id, outcome, place }, routed[outcome]))
    else if (implicit !== undefined) edges.push(implicitEdge({ from: node.id, outcome, place }, implicit))
    else {
      scope.issues.add('WAYSTONE_DEFINITION_MISSING_EDGE', place, {
        message: `outcome ${JSON.stringify(outcome)} of node ${JSON.stringify(node.id)} has no edge`,
        hint: Object.hasOwn(routed, outcome)
          ? 'What is written there is undefined: a misspelt n.name? Route it to a node, END or FAIL.'
          : 'Route it to a node, END or FAIL.',
      })
    }
  }
  return edges
}

function reportOutcome(scope: BuildScope, node: NodeRecord, outcome: string): void {
  const hints: { readonly [outcome: string]: string } = {
    timeout:
      node.effect === 'unsafe'
        ? 'An unsafe effect that takes too long ends "unknown".'
        : 'Without a timeout it cannot happen.',
    unknown: 'Only an unsafe effect can end unknown.',
    edited: 'Without edits it cannot happen.',
    expired: 'Without expiresIn it cannot happen.',
    received: 'A wait for several events has an outcome for each, by its name.',
    asked: 'Without canAskBack it cannot happen.',
    ...(node.kind === 'join' && joinHints),
    exhausted: 'Without limits it cannot happen.',
  }
  scope.issues.add(
    'WAYSTONE_DEFINITION_UNKNOWN_OUTCOME',
    { ...node.place, path: `${scope.name}.edges.${node.id}.${outcome}` },
    {
      message: `node ${JSON.stringify(node.id)} has no outcome ${JSON.stringify(outcome)}`,
      hint: [hints[outcome], `Its outcomes are: ${listOfNames(node.outcomes)}.`]
        .filter((text) => text !== undefined)
        .join(' '),
    },
  )
}

const joinHints: { readonly [outcome: string]: string } = {
  failed: "A join has it with failed: 'raise'.",
  unsatisfied: "A join has it with failed: 'drop'.",
  deadline: 'Without a deadline it cannot happen.',
}

interface EdgeSite {
  readonly from: string
  readonly outcome: string
  /** Of the outcome; falls back to the node's line. */
  readonly place: Place
}

function implicitEdge({ from, outcome, place }: EdgeSite, to: Target): EdgeRecord {
  return {
    id: `${from}.${outcome}`,
    from,
    outcome,
    index: 0,
    when: null,
    to,
    limit: null,
    otherwise: null,
    isImplicit: true,
    place,
  }
}

function outcomeEdges(scope: BuildScope, site: EdgeSite, written: unknown): readonly EdgeRecord[] {
  if (!Array.isArray(written))
    return [edgeOf(scope, { ...site, id: `${site.from}.${site.outcome}`, index: 0 }, written)].filter(
      (edge) => edge !== undefined,
    )
  if (written.length === 0) {
    scope.issues.add('WAYSTONE_DEFINITION_MISSING_EDGE', site.place, {
      message: `outcome ${JSON.stringify(site.outcome)} of node ${JSON.stringify(site.from)} has an empty list of edges`,
      hint: 'Give at least one edge; the last, without guard, is the default.',
    })
  }
  return (written as readonly unknown[])
    .map((edge, index) => edgeOf(scope, { ...site, id: `${site.from}.${site.outcome}.${index}`, index }, edge))
    .filter((edge) => edge !== undefined)
}

function edgeOf(
  scope: BuildScope,
  site: EdgeSite & { readonly id: string; readonly index: number },
  written: unknown,
): EdgeRecord | undefined {
  const isTarget = nodeDefinitionOf(written) !== undefined || referenceOf(written) !== undefined || isEnding(written)
  const config = isTarget || !isRecord(written) ? { to: written } : written
  const source = [config['to'], config['join'], config['otherwise']]
    .map((target) => referenceOf(target)?.source)
    .find((line) => line !== undefined)
  const place = edgePlace(`${scope.name}.edges.${site.id}`, source, site.place)
  const options: Written = { config, place, subject: `edge ${site.id}`, issues: scope.issues }
  const isEmit = config['emit'] !== undefined
  const isFork = !isEmit && (config['fork'] !== undefined || config['join'] !== undefined)
  const keys = isEmit ? emitKeys : isFork ? forkKeys : plainKeys
  checkKeys(options, [...keys, 'when', 'limit', 'per', 'otherwise', 'degraded', 'cancels'])
  const emit = isEmit ? buildEmit(scope, options) : undefined
  const fork = isEmit ? emit?.fork : isFork ? buildFork(scope, options) : null
  const to = isEmit ? emit?.to : isFork ? forkTarget : buildTarget(scope, config['to'], place)
  const limit = limitOf(scope, options)
  const otherwise = config['otherwise'] === undefined ? null : buildTarget(scope, config['otherwise'], place)
  if (limit === null && otherwise !== null) {
    scope.issues.add('WAYSTONE_DEFINITION_BAD_LIMIT', place, {
      message: `edge ${site.id} has otherwise but no limit`,
      hint: 'otherwise is where to go when the limit is used up: give a limit, or write a list of edges.',
    })
  }
  const when = config['when'] === undefined ? null : buildEdgeGuard(scope, config['when'], { ...site, place })
  const cancels = readCancels(scope, options)
  if (to === undefined || otherwise === undefined || fork === undefined) return undefined
  return {
    id: site.id,
    from: site.from,
    outcome: site.outcome,
    index: site.index,
    when: fork === null ? when : forkGuard(when, fork),
    to,
    limit,
    otherwise,
    isImplicit: false,
    ...(readFlag(options, 'degraded') && { isDegraded: true }),
    place,
    ...(fork !== null && { fork }),
    ...(emit !== undefined && { emits: emit.emits }),
    ...(!isFork && readFlag(options, 'cancelsFork') && { cancelsFork: true as const }),
    ...(cancels.length > 0 && { cancels }),
  }
}

/** Nodes that are ended when the edge is taken. */
function readCancels(scope: BuildScope, options: Written): readonly string[] {
  const { cancels } = options.config
  if (cancels === undefined) return []
  const place: Place = { ...options.place, path: `${options.place.path}.cancels` }
  if (!Array.isArray(cancels)) {
    scope.issues.add('WAYSTONE_DEFINITION_BAD_VALUE', place, {
      message: `${options.subject}: cancels is ${describeValue(cancels)}; expected is a list of nodes`,
      hint: 'Give cancels: [n.search].',
    })
    return []
  }
  const names = (cancels as readonly unknown[]).map((one) => buildTarget(scope, one, place))
  const ends = names.find((name) => name?.startsWith(':') === true)
  if (ends !== undefined) {
    scope.issues.add('WAYSTONE_DEFINITION_BAD_VALUE', place, {
      message: `${options.subject}: cancels holds the end of the run`,
      hint: 'Name nodes. To end the whole run, lead to END or FAIL with cancelsFork: true.',
    })
  }
  return names.filter((name) => name !== undefined && !name.startsWith(':')) as readonly string[]
}

const plainKeys = ['to', 'cancelsFork'] as const
const forkKeys = ['fork', 'join'] as const
const emitKeys = ['emit', 'join', 'cancelsFork'] as const

function edgePlace(path: string, source: SourceLine | undefined, fallback: Place): Place {
  return source === undefined ? { ...fallback, path } : placeOf(path, source)
}

function limitOf(scope: BuildScope, options: Written): EdgeLimit | null {
  const { limit, per } = options.config
  if (limit === undefined) {
    if (per !== undefined) {
      scope.issues.add('WAYSTONE_DEFINITION_BAD_LIMIT', options.place, {
        message: `${options.subject} has per but no limit`,
        hint: 'per is the node whose entry resets the limit: give a limit.',
      })
    }
    return null
  }
  const max = readCount(options, 'limit', { least: 0, fallback: 0 })
  if (per === undefined) return { max, per: null }
  const target = buildTarget(scope, per, { ...options.place, path: `${options.place.path}.per` })
  return { max, per: target === undefined || target.startsWith(':') ? null : target }
}
