import { restoreAt } from '../checkpoint/load.ts'
import type { RunId } from '../base/ids.ts'
import { own } from '../base/own.ts'
import type { Graph, NodeRecord } from '../graph/graph.ts'
import type { RunContext } from '../snapshot/snapshot.ts'
import type { Engine } from './engine.ts'
import { openingSequences } from './opening-sequence.ts'
import type { StandingRun } from './run-status.ts'
import type { Acceptance, KeptByPatch, PatchAcceptance, PatchInput } from './runtime.ts'

/** What is under way and was made from what a patch has changed: it goes on as it was begun. */
export async function withKept(
  engine: Engine,
  { runId, standing }: { readonly runId: RunId; readonly standing: StandingRun },
  { acceptance, given }: { readonly acceptance: Acceptance; readonly given: PatchInput },
): Promise<PatchAcceptance> {
  const { graph } = standing.compiled
  if (acceptance.type === 'refused' || !canKeep(graph)) return acceptance
  const { store } = engine
  // What another process is yet to apply it to is not known: it is told as the run stood.
  const isApplied = acceptance.type === 'applied'
  const sequence = isApplied ? acceptance.sequence : standing.sequence
  const context = isApplied ? (await restoreAt(store, runId, sequence)).snapshot.context : standing.context
  const kept = keptIn(graph, context, [...Object.keys(given.state ?? {}), ...(given.unset ?? [])])
  if (kept.length === 0) return acceptance
  const query = { sequence, steps: kept.map(({ step }) => step), graphHash: standing.compiled.hashes.graph }
  const begun = await openingSequences(store, runId, query)
  return { ...acceptance, kept: kept.map((one) => ({ ...one, begunAt: begun.get(one.step) ?? 0 })) }
}

function canKeep({ nodes }: Graph): boolean {
  return Object.values(nodes).some(({ kind }) => kind === 'map' || kind === 'workflow')
}

function keptIn(graph: Graph, context: RunContext, keys: readonly string[]): readonly Omit<KeptByPatch, 'begunAt'>[] {
  const steps = new Map<number, string>()
  for (const [node, { step }] of Object.entries(context.maps ?? {})) steps.set(step, node)
  // A list that is just being made, and nested workflows that are no items.
  for (const [index, { node, kind, item }] of Object.entries(context.open))
    if (item === undefined && (kind === 'map' || kind === 'workflow')) steps.set(Number(index), node)
  return [...steps].flatMap(([step, node]) => {
    const record = own(graph.nodes, node)
    const read = record === undefined ? [] : madeFrom(record).filter((key) => keys.includes(key))
    return record === undefined || read.length === 0 ? [] : [{ node, kind: kindOf(record), step, keys: read }]
  })
}

function kindOf({ kind }: NodeRecord): KeptByPatch['kind'] {
  return kind === 'map' ? 'map' : 'workflow'
}

/** A list that is a state key is made from that one; one that a function makes may be made from all that the node reads. */
function madeFrom(record: NodeRecord): readonly string[] {
  return record.kind === 'map' && record.over !== null ? [record.over] : record.reads
}
