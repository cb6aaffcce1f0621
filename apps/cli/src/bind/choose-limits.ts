import { InputError, type Graph, type SharedLimits, type WaystoneConfig } from '@waystone/core'
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
  const known = { ...config.models, ...config.offlineModels, ...models }
  const unknown = Object.keys(limits.models ?? {}).find((name) => !Object.hasOwn(known, name))
  if (unknown !== undefined) {
    const message = `option limits.models.${unknown}: no model of that name is bound; bound are: ${Object.keys(known).join(', ') || 'none'}`
    throw new InputError('WAYSTONE_INPUT_RUNTIME_OPTION', message)
  }
  return {
    ...limits,
    models: isLive ? keep(limits.models, models) : {},
    tools: keep(limits.tools, graph.tools),
  }
}

function keep<Limit>(
  limits: { readonly [name: string]: Limit } | undefined,
  known: object,
): { readonly [name: string]: Limit } {
  return Object.fromEntries(Object.entries(limits ?? {}).filter(([name]) => Object.hasOwn(known, name)))
}
