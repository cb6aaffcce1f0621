import { z } from 'zod'
import { END } from '../define/edge.ts'
import type { NodeDefinition } from '../define/node.ts'
import { makeNode, makeNodes } from '../define/nodes.ts'
import { workflowMarker, type Workflow, type WorkflowDefinition } from '../define/workflow.ts'
import type { NestedItem } from './registry.ts'

/** The state keys of a workflow that was made for the items of a map: what an item is worked on with, and what that gave. */
export const itemKeys: NonNullable<NestedItem['made']> = Object.freeze({ input: 'input', output: 'output' })

/** The node of a workflow that was made of an agent. */
const agentNode = 'agent'

interface AgentItems {
  /** The map whose items it runs. */
  readonly map: string
  /** What `defineAgent` gave. */
  readonly agent: unknown
  /** Options of the map that are the agent's: `retry`, `timeout`. */
  readonly use: Readonly<Record<string, unknown>>
  readonly source: NodeDefinition['source']
}

/**
 * A workflow of one node, the agent: so that its model calls, its tool calls and what people are asked about are steps of their own in
 * each item, as they are anywhere else.
 *
 * Its state takes any JSON: the agent's own schemas say what fits, in the words of the agent.
 */
export function workflowOfAgent({ map, agent, use, source }: AgentItems): Workflow {
  const state = Object.freeze({ [itemKeys.input]: z.json(), [itemKeys.output]: z.json().optional() })
  const config = {
    ...use,
    reads: [itemKeys.input],
    writes: [itemKeys.output],
    input: (given: { readonly state: { readonly input: unknown } }) => given.state.input,
    apply: (output: unknown) => ({ [itemKeys.output]: output }),
  }
  const node = makeNode({ kind: 'agent', config, subject: agent, state, source })
  const definition: WorkflowDefinition = {
    name: `${map}:${agentNode}`,
    isMade: true,
    config: Object.freeze({
      input: z.object({ [itemKeys.input]: z.json() }),
      output: [itemKeys.output],
      nodes: makeNodes({ [agentNode]: node }, { source }),
      start: node,
      edges: { [agentNode]: { done: END } },
    }),
    state,
    source,
  }
  // The phantom fields of Workflow exist only as types.
  return Object.freeze({
    name: `${map}:${agentNode}`,
    [workflowMarker]: Object.freeze(definition),
  }) as unknown as Workflow
}
