import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { temporaryFolder } from './test/temporary.ts'
import { NotOursError, writeNotes } from './write-notes.ts'

let folder: string
beforeEach(async () => {
  folder = await temporaryFolder()
})

describe('writeNotes', () => {
  it('writes the whole file, with the effect that wrote it, and leaves nothing beside it', async () => {
    const file = join(folder, 'deep', 'notes.md')
    const written = await writeNotes(file, '# One\n', { effectId: 'run/7' })
    expect(await readFile(file, 'utf8')).toMatch(
      /^# One\n\n<!-- written by waystone effect run\/7 sha256 [0-9a-f]{16} -->\n$/,
    )
    expect(written).toMatchObject({ file, effectId: 'run/7', wasThere: false })
    expect(await readdir(join(folder, 'deep'))).toEqual(['notes.md'])
  })

  it('does nothing when the same effect comes again (T5)', async () => {
    const file = join(folder, 'notes.md')
    await writeNotes(file, '# One\n', { effectId: 'run/7' })
    expect(await writeNotes(file, '# One\n', { effectId: 'run/7' })).toMatchObject({ wasThere: true })
  })

  it('replaces what an earlier run wrote, and nothing else', async () => {
    const file = join(folder, 'notes.md')
    await writeNotes(file, '# One\n', { effectId: 'run/7' })
    await writeNotes(file, '# Two\n', { effectId: 'other/9' })
    expect(await readFile(file, 'utf8')).toContain('# Two')
    await writeFile(file, (await readFile(file, 'utf8')).replace('# Two', '# Two, by hand'))
    await expect(writeNotes(file, '# Three\n', { effectId: 'third/1' })).rejects.toBeInstanceOf(NotOursError)
    await writeFile(file, 'mine')
    await expect(writeNotes(file, '# Three\n', { effectId: 'third/1' })).rejects.toThrow(
      'was not written by this workflow',
    )
    expect(await readFile(file, 'utf8')).toBe('mine')
  })

  it('writes nothing once it was told to stop (T7)', async () => {
    const file = join(folder, 'notes.md')
    await expect(writeNotes(file, '# One\n', { effectId: 'run/7', signal: AbortSignal.abort() })).rejects.toThrow(
      'aborted',
    )
    expect(await readdir(folder)).toEqual([])
  })
})
