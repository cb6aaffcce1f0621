import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { setTimeout } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { buildGraph, check } from '@waystone/core'
import { createSqliteStore } from '@waystone/sqlite'
import { afterAll, describe, expect, it } from 'vitest'
import * as agent from './agent.ts'
import * as branch from './branch.ts'
import * as defining from './defining.ts'
import * as nested from './nested.ts'
import * as smallest from './smallest.ts'
import * as support from './support.ts'

const here = dirname(fileURLToPath(import.meta.url))
const docs = join(here, '../../docs')
const cli = join(here, '../../apps/cli/src/main.ts')
const files = readdirSync(here).filter((name) => /(?<!\.test|\.config)\.ts$/.test(name))

/** Compiled only: what is wrong in it is wrong on purpose. */
const notRun = new Set(['mistakes.ts'])

const source = '--conditions=@waystone/source'
const env = { ...process.env, NO_COLOR: '1', WAYSTONE_BY: 'ada', npm_lifecycle_event: 'npx', FORCE_COLOR: undefined }

describe.concurrent('the files of the guide', () => {
  it.each(files.filter((name) => !notRun.has(name)))('include %s, which runs', { timeout: 60_000 }, async (name) => {
    expect(await run(process.execPath, [source, name], projectFolder())).toMatchObject({ stderr: '', exit: 0 })
  })

  it.each([smallest.support, branch.support, agent.support, support.support, defining.article, nested.article])(
    'define $name without a finding',
    (workflow) => {
      expect(check(buildGraph(workflow)).findings).toEqual([])
    },
  )
})

/** Blocks of a page that show what a command prints: `<!-- output FILE: COMMAND -->`; FILE, if any, becomes support.ts first. */
const outputs = /^<!-- (output|killed)(?: (\S+))?: (.+) -->\n(?:\n```(\w+)\n[\s\S]*?^```$)?/gm

const folders: string[] = []
afterAll(() => folders.forEach((folder) => rmSync(folder, { recursive: true })))

describe.concurrent.each([
  'getting-started.md',
  'defining.md',
  'compensation.md',
  'running.md',
  'looking.md',
  'testing.md',
])('the outputs in %s', (page) => {
  it('are what the commands print (GUIDE_UPDATE=1 writes them anew)', { timeout: 120_000 }, async () => {
    const path = join(docs, page)
    const text = readFileSync(path, 'utf8')
    const fresh = withOutputs(text, await printed(text))
    if (process.env['GUIDE_UPDATE'] === '1') writeFileSync(path, fresh)
    expect(comparable(readFileSync(path, 'utf8'))).toBe(comparable(fresh))
  })
})

/** What the commands of a page print, one after the other in one folder. */
async function printed(text: string): Promise<readonly string[]> {
  const folder = projectFolder()
  const results: string[] = []
  for (const [, kind, file, command = ''] of text.matchAll(outputs)) {
    if (file !== undefined) copyFileSync(join(here, file), join(folder, 'support.ts'))
    if (kind === 'killed') await runAndKill(command, folder)
    else results.push(await shell(command, folder))
  }
  return results
}

/** A folder like a reader's, inside this package so that its imports are found. */
function projectFolder(): string {
  const cache = join(here, '.waystone')
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'guide-'))
  folders.push(folder)
  for (const file of files) copyFileSync(join(here, file), join(folder, file))
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
  // The nearest configuration counts: without this one it would be that of this package.
  writeFileSync(join(folder, 'waystone.config.js'), 'export default {}')
  return folder
}

function scriptOf(command: string): string {
  return `waystone() { "${process.execPath}" ${source} "${cli}" "$@"; }; node() { "${process.execPath}" ${source} "$@"; }; ${command}`
}

async function shell(command: string, cwd: string): Promise<string> {
  const { stdout, stderr } = await run('sh', ['-c', scriptOf(command)], cwd)
  if (stdout === '') throw new RangeError(`${command} printed nothing but ${stderr}`)
  return stdout.replaceAll(cwd, '.').trimEnd()
}

interface Ended {
  readonly stdout: string
  readonly stderr: string
  readonly exit: number | null
}

function run(command: string, args: readonly string[], cwd: string): Promise<Ended> {
  return new Promise((resolve) => {
    const child = execFile(command, args, { cwd, env }, (_error, stdout, stderr) => {
      resolve({ stdout, stderr, exit: child.exitCode })
    })
    child.stdin?.end()
  })
}

/** Starts a run and kills its process, as the page says, while a model is asked. */
async function runAndKill(command: string, cwd: string): Promise<void> {
  const ended = once(spawn('sh', ['-c', scriptOf(command)], { cwd, env, stdio: 'ignore' }), 'close')
  const store = createSqliteStore({ path: join(cwd, '.waystone/runs.db') })
  for (;;) {
    const [row] = (await store.list({ status: ['running'] })).rows
    const loaded = row === undefined ? undefined : await store.load(row.runId)
    if (loaded?.marks.length === 1) break
    await setTimeout(50)
  }
  await store.close()
  const [, kill = ''] = /^(kill -9 .*)$/m.exec(readFileSync(join(docs, 'getting-started.md'), 'utf8')) ?? []
  await run('sh', ['-c', scriptOf(kill.replace('npx ', ''))], cwd)
  await ended
}

function withOutputs(text: string, fresh: readonly string[]): string {
  const rest = [...fresh]
  return text.replaceAll(outputs, (whole, ...[kind, file, command, language]: readonly (string | undefined)[]) => {
    if (kind === 'killed') return whole
    return `<!-- output${file === undefined ? '' : ` ${file}`}: ${command} -->\n\n\`\`\`${language}\n${rest.shift() ?? ''}\n\`\`\``
  })
}

/** Without what differs from one time to the next: ids, moments, durations and the width of columns. */
function comparable(text: string): string {
  return text
    .replaceAll(/\b1[0-9a-z]{16}\b/g, 'RUN')
    .replaceAll(/\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?Z/g, 'DATE')
    .replaceAll(/\+?\b\d+(\.\d+)? (ms|s|min)\b/g, 'TIME')
    .replaceAll(/ +/g, ' ')
    .replaceAll(/ $/gm, '')
    .trim()
}
