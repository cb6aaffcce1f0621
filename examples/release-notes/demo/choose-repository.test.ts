import { execFile } from 'node:child_process'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { beforeEach, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../test/temporary.ts'
import { createFixtureRepository } from '../test/repositories.ts'
import { collectCommits } from '../git/collect.ts'
import { chooseRepository } from './choose-repository.ts'

let folder: string
beforeEach(async () => {
  folder = await temporaryFolder()
})

async function clone(...options: readonly string[]): Promise<string> {
  const origin = pathToFileURL(await createFixtureRepository()).href
  await promisify(execFile)('git', ['clone', '--quiet', ...options, origin, 'clone'], { cwd: folder })
  return join(folder, 'clone')
}

describe('chooseRepository', () => {
  it("takes the project's own history", async () => {
    const root = await clone()
    expect(await chooseRepository(root, join(root, '.waystone'))).toMatchObject({ input: { repository: root } })
  })

  it('takes the bundled repository in a folder without git, and keeps it for a resumed run', async () => {
    const chosen = await chooseRepository(folder, join(folder, '.waystone'))
    expect(chosen).toEqual({
      input: { repository: join(folder, '.waystone', 'fixture-repository'), project: 'postbox' },
      note: 'a bundled repository, since this folder is no git repository',
    })
    expect((await collectCommits(chosen.input)).range).toMatchObject({ from: 'v1.3.0', commits: 28 })
    expect(await chooseRepository(folder, join(folder, '.waystone'))).toEqual(chosen)
  })

  it('takes the bundled repository in a shallow clone', async () => {
    const root = await clone('--depth=3')
    expect(await chooseRepository(root, folder)).toMatchObject({
      note: 'a bundled repository, since this clone is shallow',
    })
  })

  it('does not take a repository around the folder for its own', async () => {
    const inner = join(await clone(), 'unzipped')
    await mkdir(inner)
    expect(await chooseRepository(inner, folder)).toMatchObject({
      note: 'a bundled repository, since this folder is no git repository of its own',
    })
  })
})
