import { compileGraph, type CompiledWorkflow, type MapRecord, type Snapshot } from '@waystone/core'
import {
  forgettingRevocations,
  deliveringTwice,
  performingEarly,
  acceptingAnyFence,
  grantingOneMore,
  forgettingBegins,
  losingEvents,
  forgettingMarks,
  applyingLateEnds,
  applyingLosers,
} from './plants-of-stores.ts'
import { withoutTurns } from './plants-of-joins.ts'
import { undoingAtOnce, undoingForwards } from './plants-undoing.ts'
import type { InvariantName } from './oracle/run-facts.ts'
import { withOneHandoffMore, withWholeSlices } from './plants-of-handoffs.ts'
import { readingPrivateKeys, withPatience } from './plants-of-groups.ts'
import { withoutPolicies, withoutQuestions, withOpenDoors } from './plants-of-operators.ts'
import type { SuiteName } from './suites/suites.ts'
import type { Plant } from './world.ts'

/** A fault, and the invariants of which one must say so. */
export interface PlantedFault {
  readonly plant: Plant
  readonly found: readonly InvariantName[]
  /** The suite in which it shows; default `core`. */
  readonly suite?: SuiteName
}

/** Faults that an engine or a store could have, planted around the product and never in it. */
export const plantedFaults: readonly PlantedFault[] = [
  {
    plant: { name: 'effects are performed before the commit', above: performingEarly },
    found: ['commit-then-perform', 'nothing-before-commit'],
  },
  { plant: { name: 'a second writer is accepted', below: acceptingAnyFence }, found: ['one-writer'] },
  { plant: { name: 'an inbox event is lost', below: losingEvents }, found: ['inbox-is-kept'] },
  { plant: { name: 'a limit is off by one', compiled: withLooserLimits }, found: ['limits-are-guards'] },
  { plant: { name: 'an unsafe effect is repeated', below: forgettingMarks }, found: ['unknown-is-not-repeated'] },
  { plant: { name: 'a patch is applied twice', compiled: appendingTwice }, found: ['patch-applied-once'] },
  { plant: { name: 'nobody is asked about a call', compiled: withoutQuestions }, found: ['asked-before-run'] },
  { plant: { name: 'rules of tools are forgotten', compiled: withoutToolRules }, found: ['tools-keep-rules'] },
  { plant: { name: 'pure calls are made again', compiled: withoutCache }, found: ['pure-calls-run-once'] },
  { plant: { name: 'nobody says what was degraded', compiled: withoutMarks }, found: ['degraded-runs-say-so'] },
  { plant: { name: 'a late ending is applied', below: applyingLateEnds }, found: ['late-ends-change-nothing'] },
  { plant: { name: 'a join fires twice', compiled: firingTwice }, found: ['joins-fire-once'] },
  { plant: { name: 'a join fires too early', compiled: withoutPatience }, found: ['joins-fire-once'] },
  { plant: { name: 'what a loser writes is applied', below: applyingLosers }, found: ['late-ends-change-nothing'] },
  { plant: { name: 'lists stay in the order of ends', compiled: withoutOrder }, found: ['patch-applied-once'] },
  {
    plant: { name: 'branches that meet are not waited for', compiled: withoutPatience },
    found: ['joins-fire-once'],
    suite: 'meetings',
  },
  {
    plant: { name: 'branches do not take turns', compiled: withoutTurns },
    found: ['branches-wait'],
    suite: 'meetings',
  },
  {
    plant: { name: 'a map is over too early', compiled: withHasteInMaps },
    found: ['maps-keep-results'],
    suite: 'maps',
  },
  {
    plant: { name: 'an item too many runs', compiled: withOneItemMore },
    found: ['maps-keep-results'],
    suite: 'maps',
  },
  {
    plant: { name: 'a child outlives cancel', compiled: withHeedlessChildren },
    found: ['nested-ends-with-what-holds-it'],
    suite: 'nested',
  },
  {
    plant: { name: 'what an item runs outlives its map', compiled: withHeedlessItems },
    found: ['nested-ends-with-what-holds-it'],
    suite: 'items',
  },
  {
    plant: { name: 'a limit does not reach what is nested', compiled: withFreeChildren },
    found: ['limits-are-guards'],
    suite: 'nested',
  },
  {
    plant: { name: 'an early event is lost', compiled: forgettingEarlyEvents },
    found: ['events-are-kept'],
    suite: 'waits',
  },
  { plant: { name: 'an event is taken twice', below: deliveringTwice }, found: ['events-are-kept'], suite: 'waits' },
  {
    plant: { name: 'a handoff goes past its limit', compiled: withOneHandoffMore },
    found: ['handoffs-keep-limits'],
    suite: 'handoffs',
  },
  {
    plant: { name: 'more goes along than was declared', compiled: withWholeSlices },
    found: ['handoffs-tell-their-slice'],
    suite: 'handoffs',
  },
  {
    plant: { name: 'a private key leaks', compiled: readingPrivateKeys },
    found: ['groups-keep-to-themselves'],
    suite: 'groups',
  },
  {
    plant: { name: 'a stall is seen too late', compiled: withPatience },
    found: ['limits-are-guards', 'routing-is-total'],
    suite: 'groups',
  },
  {
    plant: { name: 'compensation in wrong order', compiled: undoingForwards },
    found: ['undone-in-reverse'],
    suite: 'undoing',
  },
  {
    plant: { name: 'what was cancelled is not waited for', compiled: undoingAtOnce },
    found: ['undone-in-reverse'],
    suite: 'undoing',
  },
  {
    plant: { name: 'an approval outlives a patch', compiled: withoutPolicies },
    found: ['approvals-are-fresh'],
    suite: 'operators',
  },
  {
    plant: { name: 'a yes that is wanted each time is remembered', compiled: withoutPolicies },
    found: ['rules-keep-their-scope'],
    suite: 'operators',
  },
  {
    plant: { name: 'a rule decides after it was revoked', below: forgettingRevocations },
    found: ['rules-keep-their-scope'],
    suite: 'operators',
  },
  {
    plant: { name: 'a redirect goes anywhere', compiled: withOpenDoors },
    found: ['redirects-are-declared'],
    suite: 'operators',
  },
  { plant: { name: 'a permit too many is given', below: grantingOneMore }, found: ['shared-limits-hold'] },
  { plant: { name: 'what has begun is not counted', below: forgettingBegins }, found: ['shared-limits-hold'] },
]

/** What no wait has taken is gone with the next move. */
function forgettingEarlyEvents(spec: CompiledWorkflow): CompiledWorkflow {
  return {
    ...spec,
    runner: {
      begin: (input) => spec.runner.begin(input),
      move: (snapshot, event) => {
        const { value, context } = spec.runner.move(snapshot, event)
        const { received = {}, ...rest } = context
        const held = new Set(Object.values(context.open).map((open) => open.event))
        const taken = Object.entries(received).filter(([id]) => held.has(id))
        const kept = taken.length === 0 ? {} : { received: Object.freeze(Object.fromEntries(taken)) }
        return Object.freeze({ value, context: Object.freeze({ ...rest, ...kept }) })
      },
    },
  }
}

/** Compiled with one more for each edge limit, under the author's name and hash. */
function withLooserLimits(spec: CompiledWorkflow): CompiledWorkflow {
  const { graph, registry, hashes } = spec
  const edges = graph.edges.map((edge) =>
    edge.limit === null ? edge : { ...edge, limit: { ...edge.limit, max: edge.limit.max + 1 } },
  )
  return compileGraph({ graph: { ...graph, edges }, registry, hashes })
}

/** Compiled with tools that are offered at any time, in any order, as often as a model likes. */
function withoutToolRules(spec: CompiledWorkflow): CompiledWorkflow {
  const { graph, registry, hashes } = spec
  const nodes = Object.fromEntries(
    Object.entries(graph.nodes).map(([id, node]): readonly [string, typeof node] => {
      if (node.kind !== 'agent' || node.toolRules === undefined) return [id, node]
      const kept = new Set(['effect', 'approval', 'retry', 'alternates', 'otherwise'])
      const toolRules = Object.fromEntries(
        Object.entries(node.toolRules).map(([tool, rule]) => [
          tool,
          Object.fromEntries(Object.entries(rule).filter(([name]) => kept.has(name))),
        ]),
      )
      return [id, { ...node, toolRules }]
    }),
  )
  return compileGraph({ graph: { ...graph, nodes }, registry, hashes })
}

/** Compiled with tools whose results are not kept. */
function withoutCache(spec: CompiledWorkflow): CompiledWorkflow {
  const { graph, registry, hashes } = spec
  const tools = Object.fromEntries(
    Object.entries(graph.tools).map(([name, tool]) => [name, { ...tool, cache: false as const }]),
  )
  return compileGraph({ graph: { ...graph, tools }, registry, hashes })
}

/** Runs that forget how they were degraded. */
function withoutMarks(spec: CompiledWorkflow): CompiledWorkflow {
  return {
    ...spec,
    runner: {
      begin: (input) => spec.runner.begin(input),
      move: (snapshot, event) => {
        const { value, context } = spec.runner.move(snapshot, event)
        const { degraded: _, ...rest } = context
        return Object.freeze({ value, context: Object.freeze(rest) })
      },
    },
  }
}

function appendingTwice(spec: CompiledWorkflow): CompiledWorkflow {
  return {
    ...spec,
    runner: {
      begin: (input) => spec.runner.begin(input),
      move: (snapshot, event) => {
        const next = spec.runner.move(snapshot, event)
        const [before, after] = [trailOf(snapshot), trailOf(next)]
        const added = after.slice(before.length)
        // Not always, or it would be seen at the first step.
        return added.length === 0 || after.length % 3 !== 0 ? next : withTrail(next, [...after, ...added])
      },
    },
  }
}

/** Whatever a join leads into is entered once more, under the next step index. */
function firingTwice(spec: CompiledWorkflow): CompiledWorkflow {
  const isJoin = (node: string): boolean => spec.graph.nodes[node]?.kind === 'join'
  return {
    ...spec,
    runner: {
      begin: (input) => spec.runner.begin(input),
      move: (snapshot, event) => {
        const next = spec.runner.move(snapshot, event)
        const { context } = next
        const join = Object.keys(context.visits).find(
          (node) => isJoin(node) && context.visits[node] !== snapshot.context.visits[node],
        )
        const again = Object.entries(context.open).find(([index]) => snapshot.context.open[index] === undefined)
        if (join === undefined || again === undefined) return next
        const visits = Object.freeze({ ...context.visits, [join]: (context.visits[join] ?? 0) + 1 })
        const open = Object.freeze({ ...context.open, [context.steps]: again[1] })
        return Object.freeze({
          value: next.value,
          context: Object.freeze({ ...context, visits, open, steps: context.steps + 1 }),
        })
      },
    },
  }
}

/** Compiled with joins that wait for any branch, under the author's name and hash. */
function withoutPatience(spec: CompiledWorkflow): CompiledWorkflow {
  const { graph, registry, hashes } = spec
  const nodes = Object.fromEntries(
    Object.entries(graph.nodes).map(([id, node]) => [id, node.kind === 'join' ? { ...node, atLeast: 1 } : node]),
  )
  return compileGraph({ graph: { ...graph, nodes }, registry, hashes })
}

/** Compiled with maps that are content with one item, under the author's name and hash. */
function withHasteInMaps(spec: CompiledWorkflow): CompiledWorkflow {
  return withMaps(spec, (map) => ({ ...map, done: 1 }))
}

/** Compiled with maps that run one item more at a time. */
function withOneItemMore(spec: CompiledWorkflow): CompiledWorkflow {
  return withMaps(spec, (map) => ({ ...map, concurrency: map.concurrency + 1 }))
}

function withMaps(
  { graph, registry, hashes }: CompiledWorkflow,
  change: (map: MapRecord) => MapRecord,
): CompiledWorkflow {
  const nodes = Object.fromEntries(
    Object.entries(graph.nodes).map(([id, node]) => [id, node.kind === 'map' ? change(node) : node]),
  )
  return compileGraph({ graph: { ...graph, nodes }, registry, hashes })
}

/** Items that still run when their map is over go on as if it were not. */
function withHeedlessItems(spec: CompiledWorkflow): CompiledWorkflow {
  return {
    ...spec,
    runner: {
      begin: (input) => spec.runner.begin(input),
      move: (snapshot, event) => {
        const next = spec.runner.move(snapshot, event)
        const { children = {}, maps = {} } = snapshot.context
        const over = new Set(
          Object.keys(next.context.maps ?? {}).filter(
            (node) => next.context.maps?.[node]?.over !== undefined && maps[node]?.over === undefined,
          ),
        )
        const held = Object.entries(snapshot.context.open).filter(
          ([index, { node }]) => over.has(node) && children[index] !== undefined,
        )
        if (held.length === 0) return next
        const closing = { ...next.context.closing, ...Object.fromEntries(held) }
        const kept = Object.fromEntries(held.map(([index]) => [index, children[index]]))
        const context = { ...next.context, children: { ...next.context.children, ...kept }, closing }
        return Object.freeze({ value: next.value, context: Object.freeze(context) as Snapshot['context'] })
      },
    },
  }
}

/** What is nested in a run that is cancelled goes on as if it were not. */
function withHeedlessChildren(spec: CompiledWorkflow): CompiledWorkflow {
  return {
    ...spec,
    runner: {
      begin: (input) => spec.runner.begin(input),
      move: (snapshot, event) => {
        const next = spec.runner.move(snapshot, event)
        const { children } = snapshot.context
        if (next.context.ending?.status !== 'cancelled' || children === undefined) return next
        const held = Object.entries(snapshot.context.open).filter(([index]) => children[index] !== undefined)
        const closing = { ...next.context.closing, ...Object.fromEntries(held) }
        return Object.freeze({ value: next.value, context: Object.freeze({ ...next.context, children, closing }) })
      },
    },
  }
}

/** Nested workflows know their own limits and no others. */
function withFreeChildren(spec: CompiledWorkflow): CompiledWorkflow {
  const nested = [...spec.nested].map(([node, inside]): [string, CompiledWorkflow] => {
    const free = withFreeChildren(inside)
    const runner: CompiledWorkflow['runner'] = {
      begin: (input) => free.runner.begin(input),
      move: ({ value, context }, event) => {
        const { above: _, ...rest } = context
        return free.runner.move({ value, context: Object.freeze(rest) }, event)
      },
    }
    return [node, { ...free, runner }]
  })
  return { ...spec, nested: new Map(nested) }
}

/** Puts the items of the trail back into the order in which they came. */
function withoutOrder(spec: CompiledWorkflow): CompiledWorkflow {
  return {
    ...spec,
    runner: {
      begin: (input) => spec.runner.begin(input),
      move: (snapshot, event) => {
        const next = spec.runner.move(snapshot, event)
        const [before, after] = [trailOf(snapshot), trailOf(next)]
        const added = after.filter((item) => !before.includes(item))
        return before.every((item, place) => after[place] === item) ? next : withTrail(next, [...before, ...added])
      },
    },
  }
}

function trailOf({ context }: Snapshot): readonly string[] {
  return (context.state['trail'] ?? []) as readonly string[]
}

function withTrail(snapshot: Snapshot, trail: readonly string[]): Snapshot {
  const state = Object.freeze({ ...snapshot.context.state, trail: Object.freeze([...trail]) })
  return Object.freeze({ value: snapshot.value, context: Object.freeze({ ...snapshot.context, state }) })
}
