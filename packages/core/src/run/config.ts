import type { Model } from '../define/model.ts'
import type { RuntimeOptions } from './runtime.ts'

/**
 * What `waystone.config.ts` exports by default: the options of `createRuntime`, and models for trying things out.
 *
 * The command uses `models`, which may cost money, only with `--live`; without it, `offlineModels`.
 */
export interface WaystoneConfig extends RuntimeOptions {
  /** Stand-ins that cost nothing and need no network, by the names that agents use. A workflow's file may export its own under the same name. */
  readonly offlineModels?: { readonly [name: string]: Model }
}

/**
 * Gives a configuration back as it is, with its type checked where it is written.
 *
 * @example
 * export default defineConfig({
 *   offlineModels: { fast: echoModel },
 *   prices: { fast: { inputUsd: 0.2, outputUsd: 0.8 } },
 * })
 */
export function defineConfig(config: WaystoneConfig): WaystoneConfig {
  return config
}
