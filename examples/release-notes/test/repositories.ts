import { join } from 'node:path'
import { importRepository, keepFixtureRepository } from '../fixture-repository.ts'
import { temporaryFolder } from './temporary.ts'

/** The bundled repository in a folder of its own. @returns a bare repository */
export async function createFixtureRepository(): Promise<string> {
  const folder = join(await temporaryFolder(), 'postbox')
  await keepFixtureRepository(folder)
  return folder
}

/** A repository of this history, in git's fast-import format. @returns a bare repository */
export async function createRepository(history: string): Promise<string> {
  const folder = await temporaryFolder()
  await importRepository(folder, history)
  return folder
}
