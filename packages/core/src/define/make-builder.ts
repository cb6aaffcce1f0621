import { makeEvent, type EventOptions } from './event.ts'
import { makeGroup, type GroupDefinition } from './group.ts'
import { makeGuard, type GuardOptions } from './guard.ts'
import { makeNode, makeNodes } from './nodes.ts'
import { callerOf } from './source-line.ts'
import { workflowMarker, type WorkflowDefinition } from './workflow.ts'

/** What is made with it is typed where authors see it. */
interface Builder {
  readonly group: unknown
  readonly join: unknown
  readonly nodes: unknown
  readonly workflow: unknown
}

/** Makes what `defineState` and `w.group` return: everything is kept as it was written, and checked by `graph`. */
// oxlint-disable-next-line max-lines-per-function -- a line for each thing that an author can make
export function makeBuilder(state: object, group?: GroupDefinition): Builder {
  const home = group === undefined ? { state } : { state, group }
  const builder = {
    // oxlint-disable-next-line max-params -- the author-facing shape: name, keys, function, options
    guard: (name: unknown, reads: unknown, decide: unknown, options: GuardOptions = {}) =>
      makeGuard({
        type: 'guard',
        name,
        reads,
        decide,
        version: options.version,
        state,
        source: callerOf(builder.guard),
      }),
    failure: (name: unknown) => makeGuard({ type: 'failure', name }),
    active: (node: unknown) => makeGuard({ type: 'active', node }),
    not: (of: unknown) => makeGuard({ type: 'not', of }),
    all: (...of: readonly unknown[]) => makeGuard({ type: 'all', of }),
    any: (...of: readonly unknown[]) => makeGuard({ type: 'any', of }),
    agent: (first: unknown, second?: unknown) =>
      second === undefined
        ? makeNode({ kind: 'agent', config: first, subject: null, ...home, source: callerOf(builder.agent) })
        : makeNode({ kind: 'agent', config: second, subject: first, ...home, source: callerOf(builder.agent) }),
    tool: (subject: unknown, config: unknown) =>
      makeNode({ kind: 'tool', config, subject, ...home, source: callerOf(builder.tool) }),
    gate: (config: unknown) =>
      makeNode({ kind: 'gate', config, subject: null, ...home, source: callerOf(builder.gate) }),
    approval: (config: unknown) =>
      makeNode({ kind: 'approval', config, subject: null, ...home, source: callerOf(builder.approval) }),
    task: (config: unknown) =>
      makeNode({ kind: 'task', config, subject: null, ...home, source: callerOf(builder.task) }),
    map: (config: unknown) => makeNode({ kind: 'map', config, subject: null, ...home, source: callerOf(builder.map) }),
    event: (name: unknown, payload: unknown, options: EventOptions = {}) =>
      makeEvent({ name, payload, early: options.early, state, source: callerOf(builder.event) }),
    wait: (config: unknown) =>
      makeNode({ kind: 'wait', config, subject: null, ...home, source: callerOf(builder.wait) }),
    join: (config: unknown) =>
      makeNode({ kind: 'join', config, subject: null, ...home, source: callerOf(builder.join) }),
    nested: (subject: unknown, config: unknown) =>
      makeNode({ kind: 'workflow', config, subject, ...home, source: callerOf(builder.nested) }),
    group: (name: unknown, config: unknown) => {
      const {
        group: _,
        join: __,
        nodes: ___,
        workflow: ____,
        ...inside
      } = makeBuilder(state, makeGroup(name, config, callerOf(builder.group)))
      return Object.freeze(inside)
    },
    nodes: (nodes: unknown) => makeNodes(nodes),
    workflow: (name: unknown, config: unknown) => {
      const definition: WorkflowDefinition = {
        name,
        config: Object.freeze({ ...(config as object) }),
        state,
        source: callerOf(builder.workflow),
      }
      return Object.freeze({ name, [workflowMarker]: Object.freeze(definition) })
    },
  }
  return Object.freeze(builder)
}
