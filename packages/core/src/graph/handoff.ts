import { own } from '../base/own.ts'
import type { JsonObject } from '../base/json.ts'
import type { AgentRecord, HandoffRecord, NodeRecord } from './graph.ts'

/** What a handoff's tool is called before its name. */
const toolPrefix = 'handoff_'

/** Outcome of the edges that handoffs take which are one too many; names of outcomes never hold a colon. */
export const escalationOutcome = ':handoffs'

/** Keys of a handoff's call that are not the contract's. */
export const handoffKeys = ['reason', 'summary'] as const

/** The tool by which a model hands over. */
export function handoffTool(handoff: string): string {
  return `${toolPrefix}${handoff}`
}

/** The handoff that a tool's name means, whether there is one or not; undefined: it is no such name. */
export function handoffOfTool(tool: string): string | undefined {
  return tool.startsWith(toolPrefix) ? tool.slice(toolPrefix.length) : undefined
}

/** A node's handoffs by name. */
export function handoffsOf(record: NodeRecord | undefined): NonNullable<AgentRecord['handoffs']> {
  return (record?.kind === 'agent' ? record.handoffs : undefined) ?? noHandoffs
}

const noHandoffs: NonNullable<AgentRecord['handoffs']> = Object.freeze({})

/** The handoff that an outcome of a node is; undefined: it is none. */
export function handoffOf(record: NodeRecord | undefined, outcome: string): HandoffRecord | undefined {
  return own(handoffsOf(record), outcome)
}

/** What a model is asked to give with a handoff: the contract and a reason, and with slice `summary` a summary. */
export function handoffInputSchema({ contractSchema, slice }: HandoffRecord): JsonObject {
  const { properties = {}, required = [], ...rest } = contractSchema
  const names = slice === 'summary' ? handoffKeys : (['reason'] as const)
  return {
    ...rest,
    type: 'object',
    properties: { ...(properties as JsonObject), ...Object.fromEntries(names.map((name) => [name, texts[name]])) },
    required: [...(required as readonly string[]), ...names],
    additionalProperties: false,
  }
}

const texts = {
  reason: { type: 'string', minLength: 1, description: 'Why you hand over.' },
  summary: {
    type: 'string',
    minLength: 1,
    description: 'What the receiver has to know of this conversation. It sees nothing else of it.',
  },
} as const
