import { createRuntime, defineState, END, type Workflow } from '@waystone/core'
import { createSqliteStore } from '@waystone/sqlite'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createCommandLine, type CommandLine } from './command-line.ts'

let waystone: CommandLine
beforeEach(() => {
  waystone = createCommandLine()
})
afterEach(() => waystone.close())

/** What orders.ts was before a limit of it was changed: a run that waits for `paid`. */
function before(): Workflow<{ order: string }> {
  const w = defineState({ order: z.string() })
  const n = w.nodes({
    paid: w.wait({ for: w.event('paid') }),
    again: w.task({ effect: 'pure', redirectable: true, run: () => ({}) }),
  })
  return w.workflow('orders', {
    input: z.object({ order: z.string() }),
    output: ['order'],
    nodes: n,
    start: n.paid,
    edges: { paid: { received: n.again }, again: { done: END } },
  })
}

async function begin(file: string): Promise<void> {
  const store = createSqliteStore({ path: waystone.store })
  const runtime = createRuntime({ store })
  const run = await runtime.start(before(), { input: { order: 'o-1' }, tags: { 'waystone.module': file } })
  await run.result()
  await runtime.close()
  await store.close()
}

describe('a run whose workflow was changed', () => {
  it('is held and cancelled (H7)', async () => {
    await begin('orders.ts')
    const held = await waystone('hold', 'last', '--reason', 'odd')
    expect(held.out).toBe('hold applied at checkpoint 1; run RUN1 is parked.\n')
    expect(held.exit).toBe(0)
    expect((await waystone('cancel', 'last', '--reason', 'odd')).out).toBe(
      'cancel applied at checkpoint 2; run RUN1 is cancelled.\n',
    )
  })

  it('keeps an event and a redirect, and says what differs and what to do', async () => {
    await begin('orders.ts')
    const sent = await waystone('send', 'last', 'paid')
    expect(sent.err).toMatch(
      /event paid is not received: the event is kept until a process takes it .* what differs: .*\n.*--file PATH/,
    )
    expect(sent.exit).toBe(3)
    expect((await waystone('send', 'last', 'paid', '--detach')).exit).toBe(0)
    const redirected = await waystone('redirect', 'last', 'again', '--reason', 'odd')
    expect(redirected.err).toMatch(/redirect is not applied: the redirect is kept/)
    expect(redirected.exit).toBe(3)
  })

  it('is held and cancelled also when its file cannot be loaded', async () => {
    await begin('syntax.ts')
    expect(await waystone('hold', 'last', '--reason', 'odd')).toMatchObject({
      exit: 0,
      err: expect.stringContaining('The workflow could not be loaded, and hold goes on without') as string,
    })
    expect((await waystone('cancel', 'last', '--reason', 'odd')).exit).toBe(0)
    expect((await waystone('redirect', 'last', 'again', '--reason', 'odd')).exit).toBe(2)
  })
})
