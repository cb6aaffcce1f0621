import type { BuiltGraph } from "../graph/build.ts"
import type { CompiledWorkflow } from './compiled-workflow.ts'
import { indexGraph } from './graph-index.ts'
import { createMachineRunner } from './machine-runner.ts'
import { buildMachine } from './machine.ts'
import { createRouteMemo } from './route-memo.ts'

/**
 * Compiles a built graph to an XState 5 machine and the look-ups that `plan` needs. Checks nothing.
 *
 * Cost: O(nodes + edges); about 20 ms for 1,000 nodes.
 */
export function compileGraph(built: BuiltGraph): CompiledWorkflow {
  const { graph, registry, hashes } = built
  const index = indexGraph(graph)
  const memo = createRouteMemo({ graph, registry, index })
  const machine = buildMachine({ graph, registry, index }, memo)
  return Object.freeze({ graph, registry, hashes, machine, index, memo, runner: createMachineRunner(machine) })
}
