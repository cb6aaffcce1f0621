import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createCommandLine } from './command-line.ts'

const waystone = createCommandLine()
const folder = mkdtempSync(join(tmpdir(), 'waystone-cli-memory-'))
afterAll(() => {
  waystone.close()
  rmSync(folder, { recursive: true, force: true })
})

const path = join(folder, 'memory.db')
const ofAnn = ['--scope', 'preferences/ann', '--memory', path]

describe('waystone memory', () => {
  beforeAll(async () => {
    await waystone('memory', 'put', 'seat', '"aisle"', ...ofAnn, '--tag', 'trip', '--expires-in', '30d')
    await waystone('memory', 'put', 'food', '{"likes":["rice"]}', ...ofAnn)
  })

  it('lists and searches a scope, and gives one entry', async () => {
    const listed = await waystone('memory', 'list', '--memory', path)
    expect(listed.out.split('\n').map((line) => line.split(/ {2,}/)[1])).toEqual(['key', 'food', 'seat', undefined])
    const found = await waystone('memory', 'search', 'RICE "*', '--memory', path, '--json')
    expect(JSON.parse(found.out)).toMatchObject({
      entries: [
        { scope: ['preferences', 'ann'], key: 'food', value: { likes: ['rice'] }, revision: 2, expiresAt: null },
      ],
      next: null,
    })
    expect((await waystone('memory', 'search', 'rice', '--scope', 'other', '--memory', path)).out).toContain(
      'No such entry',
    )
    const entry = await waystone('memory', 'get', 'seat', ...ofAnn)
    expect(entry.out).toContain('seat of preferences / ann, revision 1')
    expect(entry.out).toContain('tags trip\n"aisle"\n')
    expect((await waystone('memory', 'list', '--limit', '1', '--memory', path)).out).toContain('memory list --after ')
  })

  it('writes over a revision and deletes', async () => {
    const written = await waystone('memory', 'put', 'seat', '"middle"', ...ofAnn, '--revision', '1')
    expect(written).toEqual({ exit: 0, out: 'Written over, revision 3.\n', err: '' })
    const refused = await waystone('memory', 'put', 'seat', '"window"', ...ofAnn, '--revision', '7')
    expect(refused.exit).not.toBe(0)
    expect(refused.err).toContain('WAYSTONE_STORE_REVISION')
    expect((await waystone('memory', 'delete', 'seat', ...ofAnn, '--json')).out).toContain('"isDeleted": true')
    expect((await waystone('memory', 'delete', 'seat', ...ofAnn)).out).toContain('There is no such entry')
    const gone = await waystone('memory', 'get', 'seat', ...ofAnn)
    expect(gone.err).toContain('found no entry "seat" of scope preferences/ann')
  })

  it('says what it takes', async () => {
    expect((await waystone('memory', 'forget')).err).toContain('allowed are list, search, get, put, delete')
    expect((await waystone('memory', 'put', 'key')).err).toContain('it takes KEY JSON')
    expect((await waystone('memory', 'list', '--scope', '[1]', '--memory', path)).err).toContain('a JSON list of texts')
    const absent = await waystone('memory', 'list', '--memory', join(folder, 'absent.db'))
    expect(absent.err).toContain('there is no long-term memory at')
  })
})
