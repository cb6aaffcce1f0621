import { nodeAt, type Graph, type RequestOption, type RunContext } from '@waystone/core'

/** A request that is open in a stored run, as far as its history alone tells. */
export interface OpenRequest {
  readonly step: number
  /** A path in a nested workflow. */
  readonly node: string
  /** The items of maps that it is about or inside of, outermost first. */
  readonly items: readonly number[]
  /** The tool whose call it is about; null: none. */
  readonly tool: string | null
  /** Why it is asked, as the workflow says; empty: it does not. */
  readonly reason: string
  readonly expiresAt: number | null
  /** Where the run goes when it expires; null: it does not. */
  readonly expired: RequestOption | null
}

/** What is open for people in a stored run. Order: by step. */
export function openRequests(context: RunContext, graph: Graph): readonly OpenRequest[] {
  return requestsIn(context, { around: '', items: [] }, graph).toSorted((left, right) => left.step - right.step)
}

interface Around {
  /** Path of what holds it, with a slash; empty: nothing does. */
  readonly around: string
  readonly items: readonly number[]
}

function requestsIn({ open, children }: RunContext, { around, items }: Around, graph: Graph): readonly OpenRequest[] {
  return Object.entries(open).flatMap(([index, { kind, node, item, tool = null, callId, expiresAt = null }]) => {
    const all = item === undefined ? items : [...items, item]
    const inside = children?.[index]
    const path = `${around}${node}`
    if (inside !== undefined) return requestsIn(inside.context, { around: `${path}/`, items: all }, graph)
    if (kind !== 'approval' && kind !== 'resolve') return []
    const place = nodeAt(graph, path)
    const record = place?.node
    const edges = (place?.graph.edges ?? []).filter((edge) => edge.from === node && edge.outcome === 'expired')
    const reason = record?.kind === 'approval' ? record.reason : ''
    // Of a call of an agent, the agent is told.
    const to = callId === undefined ? (edges[0]?.to ?? node) : node
    const expired = { outcome: 'expired', edges: callId === undefined ? edges.map(({ id }) => id) : [], to }
    return [
      {
        step: Number(index),
        node: path,
        items: all,
        tool,
        reason,
        expiresAt,
        expired: expiresAt === null ? null : expired,
      },
    ]
  })
}
