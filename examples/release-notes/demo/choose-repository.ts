import { realpath } from 'node:fs/promises'
import { join } from 'node:path'
import { fixtureProject, keepFixtureRepository } from '../fixture-repository.ts'
import { GitError, runGit } from '../git/run-git.ts'

/** What the demo runs on, and why. */
export interface ChosenRepository {
  readonly input: { readonly repository: string; readonly project?: string }
  /** For people. */
  readonly note: string
}

/** Fewest commits that make notes worth reading. */
const leastCommits = 8

/**
 * This repository's own history; where there is none to speak of (a zip, a shallow clone, another repository around the folder), the bundled one.
 *
 * @param root - folder of this project
 * @param store - folder where the bundled repository is kept, so that a resumed run finds it again
 * @param isBundled - takes the bundled one in any case
 */
export async function chooseRepository(root: string, store: string, isBundled = false): Promise<ChosenRepository> {
  const lack = isBundled ? 'you asked for it' : await whatIsLacking(root)
  if (lack === undefined)
    return { input: { repository: root, project: 'Waystone' }, note: "this repository's own history" }
  const folder = join(store, 'fixture-repository')
  await keepFixtureRepository(folder)
  return { input: { repository: folder, project: fixtureProject }, note: `a bundled repository, since ${lack}` }
}

async function whatIsLacking(root: string): Promise<string | undefined> {
  try {
    const top = (await runGit(root, ['rev-parse', '--show-toplevel'])).trim()
    if ((await realpath(top)) !== (await realpath(root))) return 'this folder is no git repository of its own'
    if ((await runGit(root, ['rev-parse', '--is-shallow-repository'])).trim() === 'true') return 'this clone is shallow'
    const commits = Number(await runGit(root, ['rev-list', '--count', 'HEAD', '--']))
    return commits < leastCommits ? `this repository has only ${commits} commits` : undefined
  } catch (error) {
    if (error instanceof GitError && error.exitCode !== null) return 'this folder is no git repository'
    throw error
  }
}
