import { dirname } from 'node:path'
import { buildGraph, createRuntime, type Graph, type ModelPrice, type Runtime } from '@waystone/core'
import type { Context } from '../command.ts'
import { loadConfig } from '../load/config-file.ts'
import type { LoadedWorkflow } from '../load/workflow-file.ts'
import { noticeLines } from '../output/notice-text.ts'
import { printable } from '../output/printable.ts'
import { chooseLimits, unknownTools } from './choose-limits.ts'
import { chooseModels, modelNames } from './models.ts'

/** A workflow bound to a store and models. */
export interface BoundWorkflow {
  readonly loaded: LoadedWorkflow
  readonly graph: Graph
  readonly runtime: Runtime
  readonly isLive: boolean
  /** Closes the runtime. @param options - `drain`: what has begun already may end and is committed; default false */
  close(options?: { readonly drain?: boolean }): Promise<void>
  /** What models are in use, for people; null: the workflow asks for none. */
  readonly modelsNote: string | null
}

/** Binds a workflow as the configuration above its file says. */
export async function bindWorkflow(
  loaded: LoadedWorkflow,
  { isLive }: { isLive: boolean },
  context: Context,
): Promise<BoundWorkflow> {
  const found = await loadConfig(dirname(loaded.file))
  const { graph } = buildGraph(loaded.workflow)
  const models = chooseModels({ graph, fromModule: loaded.offlineModels, config: found, isLive })
  const { offlineModels: _standIns, limits: _shared, ...options } = found.config
  const limits = chooseLimits({ graph, config: found.config, models, isLive })
  context.note(
    ...unknownTools(graph, found.config).map((text) => `${context.style('warn', 'warning')}  ${printable(text)}`),
  )
  const store = await context.store(found.config.store)
  const onNotice = options.onNotice ?? ((notice): void => context.note(...noticeLines(notice, context)))
  const prices = isLive ? options.prices : { ...freePrices(graph), ...options.prices }
  const runtime = createRuntime({
    ...options,
    workflows: [loaded.workflow],
    store,
    models,
    onNotice,
    ...(prices === undefined ? {} : { prices }),
    ...(limits === undefined ? {} : { limits }),
  })
  const leave = context.interrupts.guard(runtime)
  return {
    loaded,
    graph,
    runtime,
    isLive,
    modelsNote: modelsNote(graph, models, isLive),
    async close(options = {}) {
      await runtime.close(options)
      leave()
    },
  }
}

/** Stand-ins cost nothing unless the configuration prices them, so that a limit on cost does not refuse a trial. */
function freePrices(graph: Graph): { readonly [model: string]: ModelPrice } {
  return Object.fromEntries(modelNames(graph).map((name) => [name, { inputUsd: 0, outputUsd: 0 }]))
}

function modelsNote(
  graph: Graph,
  models: { readonly [name: string]: { readonly name: string } },
  isLive: boolean,
): string | null {
  const names = modelNames(graph)
  if (names.length === 0) return null
  const bound = [...new Set(names.map((name) => models[name]?.name ?? name))].join(', ')
  return isLive
    ? `live models: ${bound}`
    : `offline models: ${bound}; nothing is sent anywhere, --live uses the real ones`
}
