import { isWorkflow, workflowMarker, type Workflow } from '../define/workflow.ts'
import { DefinitionError } from '../errors/definition-error.ts'
import { nodeKeys, readCommon } from './build-base.ts'
import { checkMapping } from './build-mapping.ts'
import { noRetry } from './build-retry.ts'
import type { BuildScope, BuiltNode, NodeSite } from './build-scope.ts'
import type { Graph } from './graph.ts'
import { describeValue } from './issues.ts'
import { inMadeWorkflow } from './made-text.ts'
import { checkKeys, isRecord, readFunction, readStateKeys, type Written } from './read-config.ts'
import type { NestedGraph } from './registry.ts'

/** Levels of workflows a run may have, its own included. */
const deepestNesting = 8

/** Reads a nested workflow. What it is made of exists before it, so none can hold itself. */
export function buildNested(site: NodeSite): BuiltNode {
  const { id, scope, written, definition } = site
  checkKeys(written, [...nodeKeys, 'reads', 'writes', 'input', 'apply'])
  const nested = nestedOf(site, definition.subject)
  if (nested === undefined) return undefined
  const writes = readStateKeys(written, 'writes', scope.stateKeys)
  const reads = readStateKeys(written, 'reads', scope.stateKeys)
  const input = readFunction(written, 'input')
  const apply = readFunction(written, 'apply')
  const { graph } = nested
  if (input === null) checkMapping(site, { direction: 'input', schema: graph.inputSchema, keys: reads })
  if (apply === null) checkMapping(site, { direction: 'apply', schema: outputSchema(graph), keys: writes })
  return {
    record: {
      id,
      reads,
      writes,
      outcomes: ['done', 'failed', 'exhausted'],
      effect: 'pure',
      retry: noRetry,
      timeoutMs: null,
      ...readCommon(written),
      kind: 'workflow',
      workflow: graph.name,
    },
    functions: {
      kind: 'workflow',
      input: input === null ? null : (given) => input(given),
      apply: apply === null ? null : (output, given) => apply(output, given),
      nested,
    },
  }
}

/** Builds a workflow that a node holds; undefined when it cannot be held, which is reported. */
export function nestedOf(
  { scope, written }: Pick<NodeSite, 'scope' | 'written'>,
  subject: unknown,
): NestedGraph | undefined {
  const refuse = (message: string, hint: string): undefined => {
    written.issues.add('WAYSTONE_DEFINITION_BAD_NESTING', written.place, {
      message: `${written.subject} ${message}`,
      hint,
    })
  }
  if (!isWorkflow(subject))
    return refuse(`nests ${describeValue(subject)}, not a workflow`, 'Give w.nested what w.workflow returns.')
  const nested = builtOf(scope, written, subject)
  if (nested === undefined) return undefined
  const { name } = nested.graph
  const known = scope.workflows.get(name)
  if (known !== undefined && known.registry !== nested.registry)
    return refuse(
      `nests another workflow of the name ${JSON.stringify(name)} than a node before it`,
      'Give each its own name.',
    )
  const depth = 1 + depthOf(nested.graph)
  if (depth > deepestNesting)
    return refuse(
      `makes ${depth} levels of workflows; ${deepestNesting} is the most`,
      'Put steps of an inner workflow into the one around it.',
    )
  scope.workflows.set(name, nested)
  return nested
}

/** What is wrong with the nested workflow is reported as it stands there, with its own places. */
function builtOf(scope: BuildScope, written: Written, subject: Workflow): NestedGraph | undefined {
  try {
    return scope.buildNested(subject)
  } catch (error) {
    if (!DefinitionError.isInstance(error)) throw error
    const { name, config } = subject[workflowMarker]
    const given: unknown = config['nodes']
    const nodes = isRecord(given) ? Object.keys(given) : []
    const told = (text: string): string => inMadeWorkflow(String(name), nodes, text)
    for (const { code, place, message, hint } of error.issues)
      written.issues.add(code, place, { message: told(message), hint: told(hint) })
    return undefined
  }
}

/** Levels of workflows, its own included. */
function depthOf({ workflows }: Graph): number {
  return 1 + Math.max(0, ...Object.values(workflows ?? {}).map((nested) => depthOf(nested)))
}

/** The result of a run as a schema: the output's keys, of which optional ones may be absent. */
function outputSchema({ output, state }: Graph): Graph['inputSchema'] {
  return {
    type: 'object',
    properties: Object.fromEntries(output.map((key) => [key, state[key]?.schema ?? {}])),
    required: output.filter((key) => state[key]?.optional === false),
  }
}
