import type { RunRow } from '../checkpoint/store.ts'
import { compile } from '../compile/compile.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import { isWorkflow, type Workflow } from '../define/workflow.ts'
import { replayError } from '../errors/replay-error.ts'
import { buildGraph } from '../graph/build.ts'
import { compareGraphs } from '../graph/compare.ts'
import type { Graph } from '../graph/graph.ts'

/** The workflows a runtime knows, several versions of one side by side. */
export interface WorkflowBook {
  /**
   * Compiles a workflow, once.
   *
   * @param workflow - a compiled one is taken as it is, also when it was compiled unchecked
   * @throws {DefinitionError} when `check` finds errors in it
   */
  add(workflow: Workflow | CompiledWorkflow): CompiledWorkflow
  /** The newest added under that name; with a hash, exactly that one. */
  find(name: string, graphHash?: string): CompiledWorkflow | undefined
  /**
   * The workflow that a stored run goes on with.
   *
   * @param storedGraph - reads the graph the run began with
   * @throws {ReplayError} WAYSTONE_REPLAY_DEFINITION_UNKNOWN, WAYSTONE_REPLAY_DEFINITION_CHANGED listing what differs
   */
  forRun(row: RunRow, storedGraph: () => Promise<Graph | undefined>): Promise<CompiledWorkflow>
}

/** Makes an empty book. */
export function createWorkflowBook(): WorkflowBook {
  const byName = new Map<string, CompiledWorkflow[]>()

  const find = (name: string, graphHash?: string): CompiledWorkflow | undefined => {
    const versions = byName.get(name)
    return graphHash === undefined ? versions?.at(-1) : versions?.findLast(({ hashes }) => hashes.graph === graphHash)
  }
  const put = (compiled: CompiledWorkflow): CompiledWorkflow => {
    const versions = byName.get(compiled.graph.name) ?? []
    byName.set(compiled.graph.name, [...versions.filter((one) => one !== compiled), compiled])
    return compiled
  }
  return {
    add(workflow) {
      if (!isWorkflow(workflow)) return put(workflow)
      const { graph, registry } = buildGraph(workflow)
      const known = byName.get(graph.name)?.find((one) => one.registry === registry)
      return known ?? put(compile(workflow))
    },
    find,
    async forRun(row, storedGraph) {
      const same = byName.get(row.workflow)?.filter(({ hashes }) => hashes.graph === row.graphHash) ?? []
      const found = same.findLast(({ hashes }) => hashes.behaviour === row.behaviourHash) ?? same.at(-1)
      if (found !== undefined) return found
      const other = find(row.workflow)
      if (other === undefined) throw unknownDefinition(row)
      throw changedDefinition(row, other.graph, await storedGraph())
    },
  }
}

function unknownDefinition(row: RunRow): Error {
  return replayError(
    'WAYSTONE_REPLAY_DEFINITION_UNKNOWN',
    `run ${row.runId} belongs to workflow ${JSON.stringify(row.workflow)} version ${row.workflowVersion}, which this process does not know; the run is parked`,
    { runId: row.runId, workflow: row.workflow, graphHash: row.graphHash },
  )
}

function changedDefinition(row: RunRow, now: Graph, stored: Graph | undefined): Error {
  const paths = stored === undefined ? [] : compareGraphs(stored, now).map(({ path }) => path)
  const shown = paths.length > 8 ? [...paths.slice(0, 8), `${paths.length - 8} more`] : paths
  return replayError(
    'WAYSTONE_REPLAY_DEFINITION_CHANGED',
    `workflow ${JSON.stringify(row.workflow)} was changed since run ${row.runId} began; what differs: ${shown.join(', ') || 'its graph hash'}; give the runtime the workflow as it was beside the new one, or fork the run onto the new one`,
    { runId: row.runId, workflow: row.workflow, differences: paths },
  )
}
