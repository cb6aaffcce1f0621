import { modelsOf } from '../graph/asked-models.ts'
import type { JoinRecord, NodeRecord, WorkingRecord } from '../graph/graph.ts'
import type { RunContext } from '../snapshot/snapshot.ts'
import { withoutChain } from './handoff-ledger.ts'
import { eventNames, transitionNames } from './names.ts'
import { stateFor } from './seen-state.ts'
import { firstStepKind, openStep, visitNode } from './steps.ts'
import { joinAction, stateId, type Parts, type StateConfig, type TransitionConfig } from './machine-parts.ts'
import { inner, waysOut } from './machine-edges.ts'

/** Names of the actors that the states of nodes invoke. */
export function invokedActors(nodes: readonly NodeRecord[]): string[] {
  return nodes.flatMap((record) =>
    record.kind === 'join'
      ? []
      : record.kind === 'agent' && record.tools.length > 0
        ? [record.id, transitionNames.tools(record.id), transitionNames.approval(record.id)]
        : [record.id],
  )
}

function joinState(parts: Parts, record: JoinRecord): StateConfig {
  const visit = visitAction(parts, record)
  return {
    id: stateId(record.id).slice(1),
    entry: [visit, joinAction(record.id)],
    on: { [eventNames.joined(record.id)]: waysOut(parts, record) },
  }
}

function visitAction(parts: Parts, record: NodeRecord): string {
  const visit = `enter:${record.id}`
  const resets = parts.index.resets.get(record.id) ?? []
  const beginChain = (context: RunContext): RunContext => withoutChain(parts.index.forks, context, record.id)
  const chain = parts.graph.limits.handoffs?.per === record.id ? { beginChain } : {}
  parts.changes.set(visit, ({ context, event }) =>
    visitNode(context, record, { resets, at: event.at ?? context.startedAt, ...chain }),
  )
  return visit
}

/** The state of a node. */
export function nodeState(parts: Parts, record: NodeRecord): StateConfig {
  return record.kind === 'join' ? joinState(parts, record) : workingState(parts, record)
}

function workingState(parts: Parts, record: WorkingRecord): StateConfig {
  const visit = visitAction(parts, record)
  const ask = `open:${record.id}`
  parts.changes.set(ask, ({ context, event }) => openStep(context, record, event.at ?? context.startedAt))
  const outcomes = outcomeTransitions(parts, record)
  const id = stateId(record.id).slice(1)
  const done = { [eventNames.done(record.id)]: outcomes, [eventNames.error(record.id)]: outcomes }
  const own = { ...done, [eventNames.item(record.id)]: outcomes }
  const whole = { ...own, [eventNames.room(record.id)]: outcomes }
  if (firstStepKind(record) !== 'model') {
    return { id, entry: [visit, ask], ...invoke(parts, record.id, record.id), on: record.kind === 'map' ? whole : done }
  }
  return {
    id,
    initial: 'model',
    entry: [visit],
    on: record.kind === 'agent' && record.tools.length > 0 ? whole : own,
    states: agentStates(parts, record, { id, ask }),
  }
}

/**
 * `model` ⇄ `tools` ⇄ `approval`: what these do not take falls through to the node's own edges. `approval` is the active one exactly
 * while nothing runs and only people are awaited, whether a call may run or what came of one.
 */
function agentStates(
  parts: Parts,
  record: NodeRecord,
  names: { readonly id: string; readonly ask: string },
): { readonly [name: string]: StateConfig } {
  const node = record.id
  const modelId = `${names.id}:model`
  const toolsId = `${names.id}:tools`
  const approvalId = `${names.id}:approval`
  const again = inner(parts, transitionNames.model(node), `#${modelId}`)
  const hasTools = record.kind === 'agent' && record.tools.length > 0
  const toPeople = inner(parts, transitionNames.person(node), `#${approvalId}`)
  const toTools = inner(parts, transitionNames.tools(node), `#${toolsId}`)
  const inModel = [
    ...(hasTools ? [toTools, toPeople] : []),
    inner(parts, transitionNames.repair(node), `#${modelId}`),
    again,
  ]
  const model: StateConfig = {
    id: modelId,
    entry: [names.ask],
    ...invoke(parts, node, node),
    on: { [eventNames.done(node)]: inModel, [eventNames.error(node)]: inModel },
  }
  if (!hasTools) return { model }
  // What waited for others to give back what they had set aside begins: from now on something runs, or people are asked.
  const room = { [eventNames.room(node)]: [toTools, toPeople] }
  const tools: StateConfig = {
    id: toolsId,
    ...invoke(parts, node, transitionNames.tools(node)),
    on: { [eventNames.item(node)]: [inner(parts, transitionNames.item(node)), toPeople, again], ...room },
  }
  const approval: StateConfig = {
    id: approvalId,
    ...invoke(parts, node, transitionNames.approval(node)),
    on: {
      [eventNames.item(node)]: [
        inner(parts, transitionNames.item(node)),
        toTools,
        // A person has said that a call did not happen: it runs again.
        inner(parts, transitionNames.retry(node), `#${toolsId}`),
        again,
      ],
      ...room,
    },
  }
  return { model, tools, approval }
}

function invoke(parts: Parts, node: string, actor: string): Pick<StateConfig, 'invoke'> {
  if (parts.isLean) return {}
  const record = parts.graph.nodes[node]
  return {
    invoke: {
      id: actor,
      src: actor,
      input: ({ context }) => {
        const open = Object.keys(context.open).filter((index) => context.open[index]?.node === node)
        const state = record === undefined ? context.state : stateFor(record, context)
        return { node, stepIndex: Number(open.at(-1) ?? -1), state }
      },
    },
  }
}

/** The transitions by which a node ends, retries or asks a person, in the order they are tried. */
function outcomeTransitions(parts: Parts, record: NodeRecord): readonly TransitionConfig[] {
  return [
    inner(parts, transitionNames.retry(record.id)),
    inner(parts, transitionNames.person(record.id)),
    ...(modelsOf(record).length > 1 ? [inner(parts, transitionNames.fallback(record.id))] : []),
    ...(record.kind === 'map' ? mapMoves(parts, record.id) : []),
    ...waysOut(parts, record),
  ]
}

/** A map begins items, goes on beside one that has ended, and gathers its results. */
function mapMoves(parts: Parts, node: string): readonly TransitionConfig[] {
  const { items, item, collect } = transitionNames
  return [items, item, collect].map((name) => inner(parts, name(node)))
}
