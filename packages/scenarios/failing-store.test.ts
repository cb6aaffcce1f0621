import { execFileSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import {
  compile,
  createRuntime,
  replayRun,
  StoreError,
  type ErrorCode,
  type RunResult,
  type Workflow,
} from '@waystone/core'
import { createMemoryStore, type Store } from '@waystone/core/store'
import { createSqliteStore } from '@waystone/sqlite'
import { faultsAt, faultyStore } from '@waystone/testing'
import { describe, expect, it } from 'vitest'
import { readRun } from './shared/finish-run.ts'
import { temporaryFolder } from './shared/folder.ts'
import { root, startProgram, waystone } from './shared/programs.ts'
import { chain } from './chain/workflow.ts'

const folder = temporaryFolder()
const nodes = ['one', 'two', 'three', 'four']

interface Chain {
  readonly workflow: Workflow<{ lines: string[] }>
  /** Nodes that were performed, in order. */
  readonly performed: readonly string[]
}

function newChain(): Chain {
  const performed: string[] = []
  return { workflow: chain(nodes, (node) => void performed.push(node)), performed }
}

async function goOn(store: Store, workflow: Chain['workflow'], runId: string): Promise<RunResult> {
  const runtime = createRuntime({ store, workflows: [workflow] })
  const run = await runtime.open(runId)
  await run.resume()
  const result = await run.result({ until: 'end' })
  await runtime.close()
  return result
}

const codes = ['FULL', 'LOCKED', 'READ_ONLY', 'CORRUPT', 'NEWER_FORMAT', 'FAILED'].map(
  (name) => `WAYSTONE_STORE_${name}` as ErrorCode,
)

describe('a store that fails on write k', () => {
  it.each(codes)('with %s stops the run where it is; when it is well the run goes on (R2)', async (code) => {
    for (let count = 1; count <= nodes.length; count++) {
      const { workflow, performed } = newChain()
      const well = createMemoryStore()
      const error = new StoreError(code, 'as planned')
      const store = faultyStore(well, faultsAt({ method: 'commit', count, fault: { type: 'fail', error } }))
      const runtime = createRuntime({ store, workflows: [workflow] })
      const run = await runtime.start(workflow, { input: { lines: [] } })
      await expect(run.result({ until: 'end' })).rejects.toBe(error)
      await runtime.close()
      // The node whose end could not be stored was the last that was performed.
      expect(performed).toEqual(nodes.slice(0, count))
      expect((await well.row(run.runId))?.sequence).toBe(count - 1)
      expect(await goOn(well, workflow, run.runId)).toMatchObject({ status: 'completed', output: { lines: nodes } })
      expect(performed).toEqual([...nodes.slice(0, count), ...nodes.slice(count - 1)])
    }
  })

  it('and had stored it all the same goes on behind what was stored', async () => {
    for (let count = 1; count <= nodes.length; count++) {
      const { workflow, performed } = newChain()
      const well = createMemoryStore()
      const store = faultyStore(well, faultsAt({ method: 'commit', count, fault: { type: 'tear' } }))
      const runtime = createRuntime({ store, workflows: [workflow] })
      const run = await runtime.start(workflow, { input: { lines: [] } })
      await expect(run.result({ until: 'end' })).rejects.toMatchObject({ code: 'WAYSTONE_STORE_FAILED' })
      await runtime.close()
      if (count < nodes.length) await goOn(well, workflow, run.runId)
      expect(performed).toEqual(nodes)
      expect((await replayRun(well, workflow, run.runId)).divergence).toBeNull()
    }
  })
})

const bigNodes = 40

/** Nodes that a program says it has performed, in order. */
function nodesIn(output: string): readonly string[] {
  return output.split('\n').flatMap((line) => (line.startsWith('performed ') ? [line.slice('performed '.length)] : []))
}

/** Runs commands where this user may mount, whoever that is outside. */
function inNamespace(...commands: readonly string[]): string {
  return execFileSync('unshare', ['-rm', 'bash', '-c', commands.join('\n')], { encoding: 'utf8', cwd: folder })
}

function canMount(): boolean {
  try {
    inNamespace('mount -t tmpfs none /mnt')
    return true
  } catch {
    return false
  }
}

describe('a SQLite store', () => {
  it.skipIf(!canMount())(
    'on a full disk says so, performs nothing after, and goes on when there is room',
    { timeout: 60_000 },
    () => {
      const disk = join(folder, 'disk')
      mkdirSync(disk)
      const node = `${process.execPath} --conditions=@waystone/source ${root}`
      const path = join(disk, 'runs.db')
      // The disk is there only inside, so everything that looks at it is, too.
      const output = inNamespace(
        `mount -t tmpfs -o size=600k none ${disk}`,
        `${node}packages/scenarios/chain/child.ts ${path}`,
        `mount -o remount,size=50m ${disk}`,
        `${node}apps/cli/src/main.ts resume last --store ${path} --file ${root}packages/scenarios/chain/big.ts`,
      )
      const [before = '', after = ''] = output.split('stopped ')
      expect(after).toMatch(/^WAYSTONE_STORE_FULL .*full/i)
      const performed = nodesIn(before)
      expect(performed.length).toBeGreaterThan(3)
      expect(performed.length).toBeLessThan(bigNodes)
      // Only the node whose end found no room is performed again.
      expect(nodesIn(after)[0]).toBe(performed.at(-1))
      expect(new Set([...performed, ...nodesIn(after)]).size).toBe(bigNodes)
      expect(after).toContain('completed')
    },
  )

  it('whose file may not grow stops the run, which goes on when it may', { timeout: 60_000 }, async () => {
    const path = join(folder, 'short.db')
    const program = `${root}packages/scenarios/chain/child.ts ${path}`
    const command = `ulimit -f 400; exec ${process.execPath} --conditions=@waystone/source ${program}`
    const output = execFileSync('bash', ['-c', command], { encoding: 'utf8' })
    expect(output).toMatch(/stopped WAYSTONE_STORE_(FULL|FAILED)/)
    const stuck = await readRun(path)
    expect(nodesIn(output)).toHaveLength((stuck?.history.last ?? 0) + 1)
    const args = ['resume', stuck?.runId ?? '', '--store', path, '--file', `${root}packages/scenarios/chain/big.ts`]
    const resumed = await waystone(args, { cwd: folder })
    expect(resumed.output).toContain('completed')
    expect(resumed.code).toBe(0)
  })

  it(
    'that another process has locked waits, then says so, and goes on when it is free',
    { timeout: 60_000 },
    async () => {
      const path = join(folder, 'locked.db')
      const { workflow, performed } = newChain()
      const store = createSqliteStore({ path, lockTimeoutMs: 200 })
      const other = new DatabaseSync(path)
      const runtime = createRuntime({ store, workflows: [workflow] })
      const locking = faultyStore(
        store,
        faultsAt({
          method: 'commit',
          count: 2,
          fault: { type: 'delay', before: () => Promise.resolve(other.exec('BEGIN IMMEDIATE')) },
        }),
      )
      const locked = createRuntime({ store: locking, workflows: [workflow] })
      const run = await locked.start(workflow, { input: { lines: [] } })
      await expect(run.result({ until: 'end' })).rejects.toMatchObject({ code: 'WAYSTONE_STORE_LOCKED' })
      expect(performed).toEqual(['one', 'two'])
      other.exec('ROLLBACK')
      other.close()
      await locked.close()
      await runtime.close()
      expect(await goOn(store, workflow, run.runId)).toMatchObject({ status: 'completed', output: { lines: nodes } })
      await store.close()
    },
  )

  it('with a damaged checkpoint refuses the run and names it, and leaves other runs alone', async () => {
    const path = join(folder, 'corrupt.db')
    const { workflow } = newChain()
    const store = createSqliteStore({ path })
    const runtime = createRuntime({ store, workflows: [workflow] })
    const [one, other] = [
      await runtime.start(workflow, { input: { lines: [] } }),
      await runtime.start(workflow, { input: { lines: [] } }),
    ]
    await Promise.all([one.result(), other.result()])
    await runtime.close()
    await store.close()
    const database = new DatabaseSync(path)
    database.exec(`UPDATE checkpoints SET text = replace(text, 'one', 'two') WHERE sequence = 1 AND run = 1`)
    database.close()
    const reopened = createSqliteStore({ path })
    const compiled = compile(workflow)
    const outcomes = await Promise.allSettled(
      [one.runId, other.runId].map((runId) => replayRun(reopened, compiled, runId)),
    )
    const refused = outcomes.filter((outcome) => outcome.status === 'rejected')
    expect(refused).toHaveLength(1)
    expect(refused[0]).toMatchObject({ reason: { code: 'WAYSTONE_STORE_CORRUPT' } })
    await reopened.close()
  })

  it('of a newer format is refused with what to do, and stays as it is', async () => {
    const path = join(folder, 'newer.db')
    const { workflow } = newChain()
    const store = createSqliteStore({ path })
    const runtime = createRuntime({ store, workflows: [workflow] })
    await (await runtime.start(workflow, { input: { lines: [] } })).result()
    await runtime.close()
    await store.close()
    const database = new DatabaseSync(path)
    database.exec('PRAGMA user_version = 9000')
    database.close()
    const child = startProgram('apps/cli/src/main.ts', ['runs', '--store', path], { cwd: folder })
    const { code, output } = await child.end
    expect(code).toBe(4)
    expect(output).toContain('WAYSTONE_STORE_NEWER_FORMAT')
  })
})
