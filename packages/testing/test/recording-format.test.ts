import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startModelLab } from '@waystone/testing/lab'
import { afterAll, describe, expect, it } from 'vitest'

/** A recording of the first format, as it was written then. It is never written anew. */
const first = fileURLToPath(new URL('fixtures/recording-1.json', import.meta.url))
const folder = mkdtempSync(join(tmpdir(), 'waystone-recording-'))

afterAll(() => rmSync(folder, { recursive: true }))

interface Stored {
  readonly exchanges: readonly { readonly method: string; readonly path: string; readonly request: unknown }[]
}

describe('recordings of format 1', () => {
  it('are replayed, and a recording of the replay is the same file, byte by byte', async () => {
    const file = join(folder, 'again.json')
    const replay = await startModelLab({ replay: { file: first } })
    const lab = await startModelLab({ record: { file, upstream: replay.url } })
    const { exchanges } = JSON.parse(readFileSync(first, 'utf8')) as Stored
    for (const { method, path, request } of exchanges) {
      const body = request === null ? {} : { body: JSON.stringify(request) }
      await (await fetch(`${lab.url}${path}`, { method, ...body })).text()
    }
    replay.assertComplete()
    expect(exchanges).toHaveLength(5)
    expect(readFileSync(file, 'utf8')).toBe(readFileSync(first, 'utf8'))
    expect(lab.totals().usage).toEqual({ inputTokens: 39, outputTokens: 36, cachedTokens: 21, reasoningTokens: 18 })
    await Promise.all([lab.close(), replay.close()])
  })
})
