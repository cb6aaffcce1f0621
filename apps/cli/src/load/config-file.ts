import { dirname } from 'node:path'
import { InputError, type WaystoneConfig } from '@waystone/core'
import { importModule } from './import-module.ts'
import { configNames, nearest } from './project.ts'

/** A configuration as it was found. */
export interface LoadedConfig {
  readonly config: WaystoneConfig
  /** Absolute path; null: there is none, and the configuration is empty. */
  readonly file: string | null
}

/**
 * Loads the nearest `waystone.config.ts` (or .mts, .js, .mjs) in a folder or above it, which runs it.
 *
 * @throws {InputError} WAYSTONE_INPUT_CONFIG when its default export is not a configuration
 */
export async function loadConfig(folder: string): Promise<LoadedConfig> {
  const file = nearest(configNames, folder)
  if (file === undefined) return { config: {}, file: null }
  const exports = await importModule(file, { cwd: dirname(file), what: 'configuration' })
  const config = exports['default']
  if (typeof config !== 'object' || config === null) {
    const found = config === undefined ? 'no default export' : `a default export that is a ${typeof config}`
    const message = `configuration file ${file}: found ${found}; allowed is \`export default defineConfig({ … })\``
    throw new InputError('WAYSTONE_INPUT_CONFIG', message, { file })
  }
  const unknown = Object.keys(config).filter((key) => !Object.hasOwn(optionNames, key))
  if (unknown.length > 0) {
    const message = `configuration file ${file}: found ${unknown.join(', ')}; allowed are ${Object.keys(optionNames).join(', ')}`
    throw new InputError('WAYSTONE_INPUT_CONFIG', message, { file })
  }
  return { config, file }
}

// A misspelt option would otherwise be as good as none; a new one is a type error here until it is named.
const optionNames: { readonly [Name in keyof Required<WaystoneConfig>]: true } = {
  models: true,
  offlineModels: true,
  prices: true,
  limits: true,
  secrets: true,
  groups: true,
  store: true,
  workflows: true,
  clock: true,
  ids: true,
  leaseMs: true,
  maxConcurrentRuns: true,
  checkPurity: true,
  liveness: true,
  onNotice: true,
  memory: true,
}
