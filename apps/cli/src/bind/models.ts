import { InputError, everyModelOf, graphsOf, type Graph, type Model, type WaystoneConfig } from '@waystone/core'
import type { LoadedConfig } from '../load/config-file.ts'

/** Models by the name that agents use. */
export type ModelTable = { readonly [name: string]: Model }

/** Names of the models that a workflow's agents and reviewers may ask, fallbacks included. Order: as nodes are written, each once. */
export function modelNames(graph: Graph): readonly string[] {
  return [
    ...new Set(graphsOf(graph).flatMap(({ nodes }) => Object.values(nodes).flatMap((node) => everyModelOf(node)))),
  ]
}

/** What models are chosen from. */
export interface ModelSources {
  readonly graph: Graph
  /** The workflow file's own stand-ins. */
  readonly fromModule: ModelTable
  readonly config: LoadedConfig
  readonly isLive: boolean
}

/**
 * The models a run is made with: those of the configuration only when `--live` was given, else stand-ins that cost nothing; a
 * stand-in of the workflow's own file goes before one of the configuration.
 *
 * @throws {InputError} WAYSTONE_INPUT_MODELS_MISSING
 */
export function chooseModels({ graph, fromModule, config, isLive }: ModelSources): ModelTable {
  const chosen = isLive ? (config.config.models ?? {}) : offlineModels(config.config, fromModule)
  const missing = modelNames(graph).filter((name) => !Object.hasOwn(chosen, name))
  if (missing.length === 0) return chosen
  const place = config.file ?? 'waystone.config.ts (there is none above the workflow file)'
  const wanted = missing.map((name) => `"${name}"`).join(', ')
  const found =
    Object.keys(chosen).length === 0
      ? 'none'
      : Object.keys(chosen)
          .map((name) => `"${name}"`)
          .join(', ')
  const advice = isLive
    ? `add them to \`models\` in ${place}`
    : `export them as \`offlineModels\` from the workflow file or add them to \`offlineModels\` in ${place}, or use its real \`models\` with --live`
  const message = `workflow ${graph.name} asks for ${isLive ? 'models' : 'offline models'} ${wanted}; found ${found}; ${advice}`
  throw new InputError('WAYSTONE_INPUT_MODELS_MISSING', message, { missing })
}

function offlineModels(config: WaystoneConfig, fromModule: ModelTable): ModelTable {
  return { ...config.offlineModels, ...fromModule }
}

/** Everything that is bound, live or offline; what the checker compares with. Undefined: nothing is bound at all. */
export function boundModels(config: WaystoneConfig, fromModule: ModelTable): ModelTable | undefined {
  const models = { ...offlineModels(config, fromModule), ...config.models }
  return Object.keys(models).length === 0 ? undefined : models
}
