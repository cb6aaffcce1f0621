import { mkdtemp, readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runGit } from './git/run-git.ts'

/** Name of the fixture's invented project. */
export const fixtureProject = 'postbox'

/**
 * Builds the bundled repository, a made-up project of 31 commits after and before a tag, in a new temporary folder.
 *
 * Its hashes never change: authors and dates are part of `fixtures/postbox.fast-import`.
 *
 * @returns the folder of a bare repository
 */
export async function createFixtureRepository(): Promise<string> {
  const history = await readFile(new URL('fixtures/postbox.fast-import', import.meta.url), 'utf8')
  return importRepository(history)
}

/** Builds a bare repository from text in git's fast-import format, in a new temporary folder. */
export async function importRepository(history: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'waystone-release-notes-'))
  await runGit(folder, ['init', '--quiet', '--bare', '--initial-branch=main', '.'])
  await runGit(folder, ['fast-import', '--quiet'], { input: history })
  return folder
}
