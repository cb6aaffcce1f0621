import { effectIdOf, itemEffectIdOf, type RunId } from '../base/ids.ts'
import { own } from '../base/own.ts'
import { namesOfPath } from '../base/node-path.ts'
import { invariantError } from '../errors/invariant-error.ts'
import type { NodeRecord } from '../graph/graph.ts'
import type { CompensationFunctions, NodeFunctions, UndoneInput } from '../graph/registry.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import { argumentsOfCall } from '../snapshot/agent-calls.ts'
import type { UndoEntry } from '../snapshot/undo.ts'
import { nodeInputOf, type EffectJob, type Ended } from './effect-job.ts'
import { runTool } from './execute-tool.ts'
import type { PastStep } from './past-step.ts'
import { whenDone } from './when-done.ts'

/** The effect id of what an entry undoes. That of the compensation is this one and `/undo`, however often it is tried. */
export function undoneEffectId(runId: RunId, { step, item, list }: UndoEntry): string {
  return item === undefined || list === undefined ? effectIdOf(runId, step) : itemEffectIdOf(runId, list, item)
}

/** The workflow that a node is in. @param path - below the workflow given */
export function workflowAt(compiled: CompiledWorkflow, path: string): CompiledWorkflow {
  return namesOfPath(path)
    .slice(0, -1)
    .reduce((at, name) => at.nested.get(name) ?? at, compiled)
}

/** Undoes what a step did. Nothing is written to the state: the run is over but for this. */
export async function executeCompensation(job: EffectJob, past: PastStep): Promise<Ended> {
  const { undoes } = job.open
  if (undoes === undefined) throw missing(job)
  const found = functionsOf(job, undoes)
  const given = undoneInput(job, { undoes, ...found, past })
  const { input, run } = found.functions
  const { compiled, scope } = job
  if (run !== null) return await whenDone(run(given, scope), (): Ended => ({ outcome: 'done' }))
  const asked = await input?.(given)
  if (asked === undefined) return { outcome: 'skipped' }
  const tool = job.record.kind === 'tool' ? job.record.tool : ''
  return await runTool({ compiled, tool, input: asked, context: scope }, (output): Ended => ({
    outcome: 'done',
    output,
  }))
}

interface Found {
  readonly node: NodeRecord
  readonly nodeFunctions: NodeFunctions | undefined
  readonly functions: CompensationFunctions
  /** The tool that says how it is undone; null: the node does. */
  readonly tool: string | null
}

function functionsOf(job: EffectJob, undoes: UndoEntry): Found {
  const { graph, registry } = job.compiled
  const name = namesOfPath(undoes.node).at(-1) ?? ''
  const node = own(graph.nodes, name)
  const nodeFunctions = registry.nodes.get(name)
  const said =
    nodeFunctions?.kind === 'tool' || nodeFunctions?.kind === 'task' || nodeFunctions?.kind === 'map'
      ? nodeFunctions.compensate
      : undefined
  const tool = undoes.tool ?? (node?.kind === 'tool' ? node.tool : undefined)
  const functions = said ?? (tool === undefined ? undefined : registry.tools.get(tool)?.compensate)
  if (node === undefined || functions === undefined) throw missing(job)
  return { node, nodeFunctions, functions, tool: said === undefined && tool !== undefined ? tool : null }
}

function missing({ scope }: EffectJob): Error {
  return invariantError(
    'WAYSTONE_BUG_REGISTRY',
    `step ${scope.step} is to undo node ${scope.node}, which says nothing of that`,
  )
}

interface Undoable extends Found {
  readonly undoes: UndoEntry
  readonly past: PastStep
}

function undoneInput(job: EffectJob, undoable: Undoable): UndoneInput {
  const { undoes, past, node, tool } = undoable
  const input = inputOf(undoable)
  const parsed = tool === null ? undefined : job.compiled.registry.tools.get(tool)?.input.safeParse(input)
  return Object.freeze({
    input: parsed?.success === true ? parsed.data : input,
    output: outputOf(past),
    outcome: undoes.outcome,
    effectId: undoneEffectId(job.scope.runId as RunId, undoes),
    ...(tool === null && { state: nodeInputOf(node, past.context).state }),
  })
}

/** What the work was called with: made again by the author's function from what it was begun with, since only what it gave is stored. */
function inputOf({ node, nodeFunctions, past, undoes }: Undoable): unknown {
  const { context, open } = past
  if (open.callId !== undefined) return argumentsOfCall(own(context.private, node.id), open.callId)?.arguments
  const given = nodeInputOf(node, context)
  if (undoes.item !== undefined) {
    const item = own(context.maps ?? {}, node.id)?.items[undoes.item]
    const map = nodeFunctions?.kind === 'map' ? nodeFunctions.input : null
    return map === null || item === undefined ? item : map(item, Object.freeze({ ...given, index: undoes.item }))
  }
  return nodeFunctions?.kind === 'tool' && nodeFunctions.input !== null ? nodeFunctions.input(given) : given.state
}

const withoutOutput = new Set(['unknown', 'timeout', 'failed'])

/** What the work gave; undefined where that is not known. */
function outputOf({ event, open }: PastStep): unknown {
  if (event.type === 'request.decided') {
    const { outcome, result, patch } = event.payload
    return outcome === 'failed' ? undefined : (result ?? patch)
  }
  if (event.type !== 'effect.ended' || withoutOutput.has(event.payload.outcome)) return undefined
  const { output, result, patch } = event.payload
  return open.callId === undefined ? (output ?? patch ?? null) : (output ?? result)
}
