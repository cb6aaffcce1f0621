import type { AnyStateMachine } from 'xstate'
import { findingsOf, forkFindingsOf } from '../check/check.ts'
import type { CheckOptions } from '../check/rule.ts'
import type { Workflow } from '../define/workflow.ts'
import { DefinitionError } from '../errors/definition-error.ts'
import { buildGraph, type BuiltGraph } from '../graph/build.ts'
import type { Registry } from '../graph/registry.ts'
import type { CompiledWorkflow } from './compiled-workflow.ts'
import { indexGraph } from './graph-index.ts'
import { createMachineRunner } from './machine-runner.ts'
import { buildMachine } from './machine.ts'
import { createRouteMemo } from './route-memo.ts'

/** How to compile. */
export interface CompileOptions extends CheckOptions {
  /**
   * Compiles a graph that `check` refuses: what it then does is decided at run time (`no-route` and the like). Default false. Forks
   * without structure are refused all the same.
   */
  readonly unchecked?: boolean
}

/**
 * Builds, checks and compiles a workflow.
 *
 * Cost: O(nodes + edges); a few hundred ms for 1,000 nodes.
 *
 * @throws {DefinitionError} with every error that building or `check` finds; warnings do not stop it
 */
export function compile(workflow: Workflow, options: CompileOptions = {}): CompiledWorkflow {
  const built = buildGraph(workflow)
  const findings = options.unchecked === true ? forkFindingsOf(built) : findingsOf(built, options)
  const [first, ...rest] = findings.filter((finding) => finding.severity === 'error')
  if (first !== undefined) throw new DefinitionError([first, ...rest])
  return compileGraph(built)
}

/** Compiles a built graph, unchecked: the machine and the look-ups that `plan` needs, those of nested workflows too. */
export function compileGraph(built: BuiltGraph): CompiledWorkflow {
  const { graph, registry, hashes } = built
  const index = indexGraph(graph)
  const parts = { graph, registry, index }
  const memo = createRouteMemo(parts)
  const runner = createMachineRunner(buildMachine(parts, memo, { isLean: true }))
  let machine: AnyStateMachine | undefined
  return Object.freeze({
    graph,
    registry,
    hashes,
    index,
    nested: nestedOf(registry),
    memo,
    runner,
    // Runs need only the runner's.
    get machine() {
      machine ??= buildMachine(parts, memo)
      return machine
    },
  })
}

function nestedOf({ nodes }: Registry): CompiledWorkflow['nested'] {
  const nested = new Map<string, CompiledWorkflow>()
  for (const [id, functions] of nodes) {
    const held = functions.kind === 'workflow' || functions.kind === 'map' ? functions.nested : null
    if (held !== null) nested.set(id, compileGraph(held))
  }
  return nested
}
