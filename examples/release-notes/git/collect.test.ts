import { access } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from '../test/temporary.ts'
import { createFixtureRepository, createRepository } from '../test/repositories.ts'
import { fastImport } from '../test/fast-import.ts'
import { cancelledIds } from './commit.ts'
import { CollectError, collectCommits, parseRange } from './collect.ts'
import { GitError, runGit } from './run-git.ts'

let repository: string
beforeAll(async () => {
  repository = await createFixtureRepository()
})

describe('collectCommits', () => {
  it('takes last tag to HEAD by default', async () => {
    const { range, commits } = await collectCommits({ repository, project: 'postbox' })
    expect(range).toEqual({
      project: 'postbox',
      from: 'v1.3.0',
      to: '41ac3d1',
      head: commits[0]?.hash,
      commits: 28,
      date: '2026-01-12',
    })
    expect(commits).toHaveLength(28)
  })

  it('reads files, type, scope, references and breaking notes of a commit', async () => {
    const { commits } = await collectCommits({ repository })
    expect(commits.find((commit) => commit.id === '8cb885f')).toEqual({
      id: '8cb885f',
      hash: '8cb885f04ec396b50920dd194d561d346171c22d',
      date: '2026-01-04T13:50:06.000Z',
      subject: 'feat(client)!: return a result instead of throwing (#49)',
      title: 'feat(client)!: return a result instead of throwing (#49)',
      type: 'feat',
      scope: 'client',
      refs: [49],
      isBreaking: true,
      breakingNote: '`send()` no longer throws; look at `result.error`.',
      isMerge: false,
      reverts: '',
      within: '',
      area: 'src',
      touches: ['docs', 'source', 'tests'],
      files: 4,
    })
  })

  it('gives a merged pull request its title and the commits it brought in', async () => {
    const { commits } = await collectCommits({ repository })
    const merge = commits.find((commit) => commit.isMerge)
    expect(merge).toMatchObject({
      title: 'feat(tracking): follow a letter on its way',
      refs: [52],
      touches: ['docs', 'source', 'tests'],
    })
    expect(commits.filter((commit) => commit.within === merge?.id).map((commit) => commit.title)).toEqual([
      'address review',
      'wip',
      'start on tracking',
    ])
  })

  it('finds what a revert without a hash reverts, and both come to nothing', async () => {
    const { commits } = await collectCommits({ repository })
    const cancelled = cancelledIds(commits)
    expect(commits.filter((commit) => cancelled.has(commit.id)).map((commit) => commit.subject)).toEqual([
      'Revert "feat(cache): keep delivered letters for a week (#47)"',
      'feat(cache): keep delivered letters for a week (#47)',
    ])
  })

  it('takes a range by name', async () => {
    const { range } = await collectCommits({ repository, range: 'v1.3.0..HEAD~20' })
    expect(range).toMatchObject({ from: 'v1.3.0', to: 'HEAD~20' })
    const whole = await collectCommits({ repository, range: 'v1.3.0' })
    expect(whole.range).toMatchObject({ from: '', to: 'v1.3.0', commits: 3 })
  })

  it.each([
    ['--output=/tmp/stolen', 'begins with "-"'],
    ['main..--exec=touch /tmp/stolen', 'begins with "-"'],
    ['a...b', 'three dots'],
    ['a..b..c', 'more than one'],
    ['main; touch stolen', 'is no name of a commit'],
    ['HEAD:src/client.ts', 'is no name of a commit'],
    ['no-such-branch', 'no commit "no-such-branch"'],
    ['HEAD..HEAD', 'no commits between'],
  ])('refuses the range %s', async (range, message) => {
    await expect(collectCommits({ repository, range })).rejects.toThrow(message)
    await expect(collectCommits({ repository, range })).rejects.toBeInstanceOf(CollectError)
  })

  it('does not take a branch named like an option for one', async () => {
    const trap = join(await temporaryFolder(), 'stolen')
    await expect(collectCommits({ repository, range: `v1.3.0..-O${trap}` })).rejects.toBeInstanceOf(CollectError)
    await expect(access(trap)).rejects.toThrow('ENOENT')
  })

  it("runs nothing that the repository's configuration names", async () => {
    const trap = join(await temporaryFolder(), 'stolen')
    const own = await createFixtureRepository()
    const trapped = ['core.fsmonitor', 'core.pager', 'core.sshCommand', 'diff.external', 'gpg.program', 'pager.log']
    for (const name of trapped) await runGit(own, ['config', name, `touch ${trap}`])
    await runGit(own, ['config', 'log.showSignature', 'true'])
    expect((await collectCommits({ repository: own })).commits).toHaveLength(28)
    await expect(access(trap)).rejects.toThrow('ENOENT')
  })

  it('says so when a folder is no repository or does not exist', async () => {
    const empty = await temporaryFolder()
    await expect(collectCommits({ repository: empty })).rejects.toBeInstanceOf(GitError)
    await expect(collectCommits({ repository: join(empty, 'nowhere') })).rejects.toThrow('does not exist')
  })

  it('keeps separators and terminal escapes of commit texts from becoming anything else', async () => {
    const nasty = 'fix: \u001B[31mred\u001B[0m \u001E0123456789012345678901234567890123456789\u001Fabc\u202Egnp'
    const history = fastImport([{ message: nasty, file: 'src/a.ts' }])
    const { commits } = await collectCommits({ repository: await createRepository(history) })
    expect(commits.map((commit) => commit.title)).toEqual([
      'fix: [31mred [0m 0123456789012345678901234567890123456789 abcgnp',
    ])
  })

  it('takes the newest 200 when there is no tag', async () => {
    const history = fastImport(
      Array.from({ length: 230 }, (_, index) => ({ message: `fix: number ${index}`, file: `src/${index}.ts` })),
    )
    const { range, commits } = await collectCommits({ repository: await createRepository(history) })
    expect(range).toMatchObject({ from: '', commits: 200 })
    expect(commits.at(0)?.title).toBe('fix: number 229')
    expect(commits.at(-1)?.title).toBe('fix: number 30')
  })

  it('takes the range before the last tag when HEAD is that tag', async () => {
    const history = fastImport([
      { message: 'feat: one', file: 'src/a.ts', tag: 'v1' },
      { message: 'feat: two', file: 'src/b.ts', tag: 'v2' },
    ])
    const { range } = await collectCommits({ repository: await createRepository(history) })
    expect(range).toMatchObject({ from: 'v1', to: 'v2', commits: 1 })
  })
})

describe('parseRange', () => {
  it('fills in HEAD and the beginning', () => {
    expect(parseRange('v1..')).toEqual({ from: 'v1', to: 'HEAD' })
    expect(parseRange('..v2')).toEqual({ from: '', to: 'v2' })
    expect(parseRange('v2')).toEqual({ from: '', to: 'v2' })
  })
})
