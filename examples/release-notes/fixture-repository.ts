import { access, mkdir, mkdtemp, readFile, rename, rm } from 'node:fs/promises'
import { dirname } from 'node:path'
import { runGit } from './git/run-git.ts'

const fixtureHistory = new URL('fixtures/postbox.fast-import', import.meta.url)

/** Name of the fixture's invented project. */
export const fixtureProject = 'postbox'

/**
 * Builds the bundled repository at a folder, unless it is there already: whole or not at all.
 *
 * A made-up project of 31 commits, 28 of them after a tag. Its hashes never change: authors and dates are part of `fixtures/postbox.fast-import`.
 */
export async function keepFixtureRepository(folder: string): Promise<void> {
  if (await isThere(folder)) return
  await mkdir(dirname(folder), { recursive: true })
  const made = await mkdtemp(`${folder}-`)
  await importRepository(made, await readFile(fixtureHistory, 'utf8'))
  try {
    await rename(made, folder)
  } catch (error) {
    // Another process was faster: its repository has the same hashes.
    await rm(made, { recursive: true, force: true })
    if (!(await isThere(folder))) throw error
  }
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}

/** Builds a bare repository from text in git's fast-import format, in a folder that is there and empty. */
export async function importRepository(folder: string, history: string): Promise<void> {
  await runGit(folder, ['init', '--quiet', '--bare', '--initial-branch=main', '.'])
  await runGit(folder, ['fast-import', '--quiet'], { input: history })
}
