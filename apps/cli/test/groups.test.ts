import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createCommandLine } from './command-line.ts'

const workflow = `
import { defineState, END } from '@waystone/core'
import { z } from 'zod'
const w = defineState({ order: z.string(), paid: z.boolean().optional() })
const billing = w.group('billing', { state: { card: z.string().optional() }, exports: ['paid'], own: ['store'] })
const n = w.nodes({
  find: billing.task({ effect: 'pure', reads: ['order'], writes: ['card'], run: ({ state }) => ({ card: 'card of ' + state.order }) }),
  pay: billing.task({ effect: 'pure', reads: ['card'], writes: ['paid'], run: () => ({ paid: true }) }),
  ask: w.approval({ show: ['paid'] }),
})
export const shop = w.workflow('shop', {
  version: 1, input: z.object({ order: z.string() }), output: ['paid'], nodes: n, start: n.find,
  edges: { find: { done: n.pay }, pay: { done: n.ask }, ask: { approved: END, rejected: END } },
})
`
const config = `
import { defineConfig } from '@waystone/core'
import { createSqliteGroupStore } from '@waystone/sqlite'
export default defineConfig({ groups: { billing: { store: createSqliteGroupStore({ path: '.waystone/billing.db' }) } } })
`

const waystone = createCommandLine()
// Below this folder, where the packages of the workspace are found.
const root = mkdtempSync(join(import.meta.dirname, '.groups-'))
const [project, copy] = [join(root, 'project'), join(root, 'copy')]
const elsewhere = mkdtempSync(join(tmpdir(), 'waystone-elsewhere-'))
afterAll(() => {
  waystone.close()
  for (const folder of [root, elsewhere]) rmSync(folder, { recursive: true, force: true })
})

beforeAll(async () => {
  mkdirSync(join(project, 'flows'), { recursive: true })
  writeFileSync(join(project, 'waystone.config.ts'), config)
  writeFileSync(join(project, 'flows/shop.ts'), workflow)
  await waystone.within({ cwd: elsewhere }, 'run', join(project, 'flows/shop.ts'), '--input', '{"order":"o-1"}')
  // The same project without what its group keeps.
  cpSync(project, copy, { recursive: true, filter: (path) => !path.includes('.waystone') })
})

const missing = `there is no such file; looked for ${join(copy, '.waystone/billing.db')}`

describe('paths in a configuration', () => {
  it('begin at its folder, whatever folder the command works in (M3)', async () => {
    expect(readdirSync(join(project, '.waystone'))).toContain('billing.db')
    expect(readdirSync(elsewhere)).toEqual([])
    for (const cwd of [elsewhere, project, join(project, 'flows')]) {
      const shown = await waystone.within({ cwd }, 'show', 'last', '--state')
      expect(shown).toMatchObject({ exit: 0, err: '' })
      expect(JSON.parse(shown.out)).toMatchObject({ card: 'card of o-1' })
    }
  })
})

describe("a run whose group's store lacks its values", () => {
  const file = ['--file', join(copy, 'flows/shop.ts')]

  it('is shown as far as it can be, and what is missing is named with where it was looked for', async () => {
    const shown = await waystone('show', 'last', ...file)
    expect(shown.exit).toBe(0)
    expect(shown.err).toContain('What is private to group billing is left out where it is missing: ')
    expect(shown.err).toContain(missing)
    expect(shown.out).toContain('ask')
    const state = await waystone('show', 'last', '--state', ...file)
    expect(JSON.parse(state.out)).toEqual({ order: 'o-1', card: 'private to group billing', paid: true })
  })

  it('is not driven, replayed or forked, and the message says where it was looked for', async () => {
    for (const args of [['resume'], ['approve'], ['replay'], ['fork', '--at', '1']]) {
      const [command = '', ...rest] = args
      const { exit, err } = await waystone(command, 'last', ...rest, ...file)
      expect(exit).not.toBe(0)
      expect(err).toContain(missing)
      expect(err).toContain('WAYSTONE_STORE_PRIVATE_MISSING')
    }
  })

  it('makes no new store of the group', () => {
    expect(existsSync(join(copy, '.waystone'))).toBe(false)
  })
})
