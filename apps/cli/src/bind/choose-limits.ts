import { buildGraph, graphsOf, InputError, type Graph, type SharedLimits, type WaystoneConfig } from '@waystone/core'
import type { ModelTable } from './models.ts'

/** What limits are chosen from. */
export interface LimitSources {
  readonly graph: Graph
  readonly config: WaystoneConfig
  /** The models that the run is made with. */
  readonly models: ModelTable
  readonly isLive: boolean
}

/**
 * The shared limits a run is made with. A configuration serves many workflows, so entries of models and tools that this one does not have are left out;
 * stand-ins are not limited, for nobody is spared by it.
 *
 * @throws {InputError} WAYSTONE_INPUT_RUNTIME_OPTION for a model that the configuration binds nowhere
 */
export function chooseLimits({ graph, config, models, isLive }: LimitSources): SharedLimits | undefined {
  const { limits } = config
  if (limits === undefined) return undefined
  const [unknown] = unknownModels(config, models)
  if (unknown !== undefined) throw new InputError('WAYSTONE_INPUT_RUNTIME_OPTION', unknown)
  return {
    ...limits,
    models: isLive ? keep(limits.models, models) : {},
    tools: keep(limits.tools, Object.fromEntries(toolNames(graph).map((name) => [name, true]))),
  }
}

/**
 * What limits of a configuration are for nothing that is at hand, one text each: as good as none, and perhaps misspelt.
 *
 * @param graph - of the workflow in use; those that the configuration names are at hand, too
 */
export function unusedLimits({ graph, config, models }: Omit<LimitSources, 'isLive'>): readonly string[] {
  return [...unknownModels(config, models), ...unknownTools(graph, config)]
}

/** Tools of a workflow that nobody has named are unknown here, so this is no error. */
export function unknownTools(graph: Graph, { limits, workflows = [] }: WaystoneConfig): readonly string[] {
  const here = toolNames(graph)
  const limited = Object.keys(limits?.tools ?? {}).filter((name) => !here.includes(name))
  if (limited.length === 0) return []
  const others = workflows.flatMap((workflow) =>
    toolNames(('graph' in workflow ? workflow : buildGraph(workflow)).graph),
  )
  const known = [...new Set([...here, ...others])]
  const allowed = known.join(', ') || 'none'
  return limited
    .filter((name) => !known.includes(name))
    .map(
      (name) =>
        `option limits.tools.${name}: no workflow at hand has a tool of that name, so it limits nothing here; tools are: ${allowed}. A tool of another workflow is known when the configuration's \`workflows\` names that one.`,
    )
}

/** Tools of a workflow and of what is nested in it. */
function toolNames(graph: Graph): readonly string[] {
  return graphsOf(graph).flatMap(({ tools }) => Object.keys(tools))
}

function unknownModels({ limits, models: live, offlineModels }: WaystoneConfig, models: ModelTable): readonly string[] {
  const known = { ...live, ...offlineModels, ...models }
  return Object.keys(limits?.models ?? {})
    .filter((name) => !Object.hasOwn(known, name))
    .map(
      (name) =>
        `option limits.models.${name}: no model of that name is bound; bound are: ${Object.keys(known).join(', ') || 'none'}`,
    )
}

function keep<Limit>(
  limits: { readonly [name: string]: Limit } | undefined,
  known: object,
): { readonly [name: string]: Limit } {
  return Object.fromEntries(Object.entries(limits ?? {}).filter(([name]) => Object.hasOwn(known, name)))
}
