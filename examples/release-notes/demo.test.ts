import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { beforeAll, describe, expect, it } from 'vitest'
import { readHistory } from '@waystone/core'
import { createSqliteStore } from '@waystone/sqlite'
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

  it('lets what runs end at Ctrl-C, git too, and says only what can be done then', async () => {
    const store = join(folder, 'interrupted.db')
    const args = ['--conditions=@waystone/source', fileURLToPath(new URL('demo.ts', import.meta.url)), '--fixture']
    const child = spawn(process.execPath, [...args, '--store', store], {
      detached: true,
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_NO_WARNINGS: '1' },
    })
    const exit = once(child, 'exit')
    let said = ''
    for await (const part of child.stdout) {
      // As a terminal does, to the whole group.
      if (!said.includes('Run ') && `${said}${String(part)}`.includes('Run ')) process.kill(-(child.pid ?? 0), 'SIGINT')
      said += String(part)
    }
    expect(said).toMatch(/Stopping: .*\nStopped at checkpoint \d+\.\nThe run is running\. Go on with: .* resume /)
    expect(said).not.toContain('approve')
    expect(await exit).toEqual([130, null])
    const opened = createSqliteStore({ path: store })
    const [row] = (await opened.list({})).rows
    const { checkpoints } = await readHistory(opened, row?.runId ?? '')
    await opened.close()
    const outcomes = checkpoints.map(({ event }) =>
      event.type === 'effect.ended' ? event.payload.outcome : event.type,
    )
    expect(new Set(outcomes.slice(1))).toEqual(new Set(['done']))
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
