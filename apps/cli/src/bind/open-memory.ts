import { join, resolve } from 'node:path'
import type { MemoryStore } from '@waystone/core/store'
import { createSqliteMemory } from '@waystone/sqlite'
import { loadConfig } from '../load/config-file.ts'
import { projectFolder } from '../load/project.ts'
import type { Surroundings } from '../surroundings.ts'

/** Where and how the long-term memory is opened. */
export interface MemoryChoice {
  readonly around: Surroundings
  /** False: a file must be there, since who looks does not want a new one. */
  readonly mayCreate: boolean
}

/** Opens the long-term memory at a path, or the configuration's, or the default one beside the runs. Whoever asks closes it. */
export async function openMemory(
  path: string | undefined,
  { around: { cwd }, mayCreate }: MemoryChoice,
): Promise<MemoryStore> {
  if (path !== undefined) return createSqliteMemory({ path: resolve(cwd, path), mustExist: !mayCreate })
  const { config } = await loadConfig(cwd)
  if (config.memory !== undefined) return config.memory
  return createSqliteMemory({ path: join(projectFolder(cwd), '.waystone', 'memory.db'), mustExist: !mayCreate })
}
