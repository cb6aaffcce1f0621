import type { ToolDefinition } from '../define/tool.ts'
import { buildTarget } from './build-target.ts'
import { buildGuard } from './build-guards.ts'
import { referenceOf } from './node-reference.ts'
import type { BuildScope } from './build-scope.ts'
import { collectTool, toolDefinitionOf } from './tool-definition.ts'
import type { NodeRecord, PolicyRecord } from './graph.ts'
import { describeValue, listOfNames } from './issues.ts'
import { placeOf } from './place.ts'
import { checkKeys, isRecord, readFlag, type Written } from './read-config.ts'
import type { Registry } from './registry.ts'

/** Reads the workflow's policies. Must come after nodes, so that it knows which tools are used. */
export function buildPolicies(
  scope: BuildScope,
  written: unknown,
  nodes: { readonly [id: string]: NodeRecord },
): readonly PolicyRecord[] {
  const place = { ...scope.place, path: `${scope.name}.policies` }
  if (written === undefined) return []
  if (!Array.isArray(written)) {
    scope.issues.add('WAYSTONE_DEFINITION_BAD_VALUE', place, {
      message: `policies is ${describeValue(written)}; expected is a list`,
      hint: 'Give a list of policies.',
    })
    return []
  }
  return (written as readonly unknown[])
    .map((policy, index) => {
      const config = isRecord(policy) ? policy : {}
      const crossing = Array.isArray(config['without']) ? (config['without'] as readonly unknown[]) : []
      const source = referenceOf(crossing[0])?.source
      const path = `${place.path}.${index}`
      const site = source === undefined ? { ...place, path } : placeOf(path, source)
      return policyOf(scope, { config, place: site, subject: `policy ${index}`, issues: scope.issues }, nodes)
    })
    .filter((policy) => policy !== undefined)
}

function policyOf(
  scope: BuildScope,
  policy: Written,
  nodes: { readonly [id: string]: NodeRecord },
): PolicyRecord | undefined {
  checkKeys(policy, ['never', 'without', 'given', 'remembered'])
  const never = readTool(scope, policy)
  const without = readCrossing(scope, policy, nodes)
  const given = policy.config['given'] === undefined ? null : buildGuard(scope, policy.config['given'], policy.place)
  const remembered = readFlag(policy, 'remembered') ? { remembered: true as const } : {}
  return never === undefined || without === undefined
    ? undefined
    : { never, without, given, ...remembered, place: policy.place }
}

function readTool(scope: BuildScope, policy: Written): string | undefined {
  const tool = policy.config['never']
  const definition = toolDefinitionOf(tool)
  const isUsed = [...scope.tools.values()].some((known) => known.definition === definition)
  if (definition === undefined || isUsed) return collectTool(scope, tool, policy)
  const nested = nestedTool(scope, definition)
  if (nested !== undefined) return nested
  scope.issues.add('WAYSTONE_DEFINITION_BAD_POLICY', policy.place, {
    message: `${policy.subject} is about tool ${describeValue(definition.config['name'])}, which no node uses`,
    hint: `Tools of this workflow are: ${listOfNames(scope.tools.keys())}.`,
  })
  return undefined
}

/** The name of a tool that runs in nested workflows only. It is known by its schema: what they were built from keeps no definitions. */
function nestedTool({ workflows }: BuildScope, { config }: ToolDefinition): string | undefined {
  const runs = (registry: Registry): boolean =>
    [...registry.tools].some(([name, { input }]) => name === config['name'] && input === config['input']) ||
    [...registry.nodes.values()].some((node) => node.kind === 'workflow' && runs(node.nested.registry))
  const isNested = [...workflows.values()].some(({ registry }) => runs(registry))
  return isNested && typeof config['name'] === 'string' ? config['name'] : undefined
}

function readCrossing(
  scope: BuildScope,
  policy: Written,
  nodes: { readonly [id: string]: NodeRecord },
): PolicyRecord['without'] | undefined {
  const { without } = policy.config
  if (without === 'approval') return without
  if (!Array.isArray(without) || without.length !== 2) {
    scope.issues.add('WAYSTONE_DEFINITION_BAD_POLICY', policy.place, {
      message: `${policy.subject}: without is ${describeValue(without)}; expected is [n.node, 'outcome'] or 'approval'`,
      hint: "Give without: [n.manager, 'approved'], or without: 'approval'.",
    })
    return undefined
  }
  const [target, outcome] = without as readonly unknown[]
  const node = buildTarget(scope, target, policy.place)
  const outcomes = node === undefined ? undefined : nodes[node]?.outcomes
  if (node === undefined || outcomes === undefined) return undefined
  if (typeof outcome === 'string' && outcomes.includes(outcome)) return { node, outcome }
  scope.issues.add('WAYSTONE_DEFINITION_UNKNOWN_OUTCOME', policy.place, {
    message: `${policy.subject}: node ${JSON.stringify(node)} has no outcome ${describeValue(outcome)}`,
    hint: `Its outcomes are: ${listOfNames(outcomes)}.`,
  })
  return undefined
}
