import { execFile } from 'node:child_process'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { temporaryFolder } from './test/temporary.ts'

let folder: string
let printed: string
let blocks: readonly string[]

beforeAll(async () => {
  folder = await temporaryFolder()
  const demo = fileURLToPath(new URL('demo.ts', import.meta.url))
  const args = ['--conditions=@waystone/source', demo, '--fixture', '--store', join(folder, 'runs.db')]
  const { CI: _, ...env } = process.env
  const { stdout } = await promisify(execFile)(process.execPath, args, { env: { ...env, NODE_NO_WARNINGS: '1' } })
  printed = stdout
  const readme = await readFile(new URL('README.md', import.meta.url), 'utf8')
  blocks = [...readme.matchAll(/^```(?:text|markdown)\n([\s\S]*?)^```$/gm)].map((match) => match[1] ?? '')
}, 60_000)

/** What differs from run to run, as the README writes it. */
function masked(text: string): string {
  return text
    .replace(/ --store \S+/g, '')
    .replace(/\S*notes-[\d-]+\.md/g, 'FILE')
    .replace(/\S*runs\.db/g, 'STORE')
    .replace(/\b[0-9a-z]{17}\b/g, 'RUN')
    .replace(/ *\d+ ms/g, ' TIME')
    .replace(/[\d,]+ tokens/g, 'TOKENS tokens')
    .replace(/\d+ bytes/g, 'BYTES bytes')
    .replace(/until \d\d:\d\d:\d\d/g, 'until CLOCK')
    .replace(/(done|pass) +TIME/g, '$1     TIME')
}

describe('npm run demo', () => {
  it('prints what the README shows', () => {
    expect(masked(printed)).toContain(blocks[0])
  })

  it('writes the notes that the README shows', async () => {
    const [file = ''] = await readdir(join(folder, 'release-notes'))
    expect(await readFile(join(folder, 'release-notes', file), 'utf8')).toContain(blocks[1])
  })

  it('says which commands a newcomer may try next', () => {
    for (const command of [
      '--why',
      '--blame notes',
      'audit',
      'check examples/release-notes/workflow.ts',
      '--format svg',
    ])
      expect(printed).toContain(command)
  })
})
