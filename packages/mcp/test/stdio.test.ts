import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { call, type CallOptions, cleanUp, newFolder, openShop, startCall, stdioShop, storedText } from './shop.ts'

afterEach(cleanUp)

describe('a tool of a stdio server', () => {
  it('gives back structured content, else text, else content parts', async () => {
    const shop = await openShop()
    const input = { order: 'A1' }
    expect((await call(shop, { tool: 'look_up', input })).output).toEqual({ output: { amountUsd: 40 } })
    expect((await call(shop, { tool: 'say', input: { text: 'hi' } })).output).toEqual({ output: 'said hi' })
    expect((await call(shop, { tool: 'draw' })).output).toEqual({
      output: [
        { type: 'text', text: 'a dot' },
        { type: 'image', data: 'AAAA', mimeType: 'image/png' },
      ],
    })
  })

  it('fails with what an error result says, and is not tried again', async () => {
    const result = await call(await openShop(), { tool: 'refuse', options: { retry: { attempts: 3, backoff: 1 } } })
    expect(result).toMatchObject({
      status: 'failed',
      usage: { toolCalls: 1 },
      error: { code: 'WAYSTONE_NODE_MCP_FAILED', message: expect.stringContaining('no such order') as string },
    })
  })

  it('checks arguments before the server is asked', async () => {
    const result = await call(await openShop(), { tool: 'look_up', input: { order: 1 } })
    expect(result.error?.code).toBe('WAYSTONE_NODE_BAD_INPUT')
  })

  it('refuses an output that is too large', async () => {
    const shop = await openShop({ maxOutputBytes: 1000 })
    const result = await call(shop, { tool: 'fill', input: { length: 2000 } })
    expect(result.error).toMatchObject({
      code: 'WAYSTONE_NODE_MCP_FAILED',
      message: expect.stringMatching(/2002 bytes; 1000 are allowed/) as string,
    })
  })

  it('hands on the effect id', async () => {
    const result = await call(await openShop(), { tool: 'effect_id', options: { effect: 'keyed' } })
    expect(result.output).toEqual({ output: JSON.stringify(`${result.runId}/0`) })
  })

  it('logs progress, within a cap', async () => {
    const { run, store } = await startCall(await openShop(), { tool: 'count', input: { to: 50 } })
    await run.result()
    const text = await storedText(store, run)
    expect(text.match(/message\W+progress/g)).toHaveLength(20)
    expect(text).toContain('further lines of this call are left out')
  })

  it('sees only the variables it is given, and no value of a secret is stored', async () => {
    const secret = 'very-secret-value-1'
    const transport = { ...stdioShop(), env: { SHOP_KEY: { secret: 'SHOP_SECRET' }, SHOP_MODE: 'test' } }
    const { run, store } = await startCall(await openShop({ transport }), { tool: 'environment', secret })
    const result = await run.result()
    const seen = JSON.parse(String((result.output as { readonly output: unknown }).output)) as object
    expect(seen).toMatchObject({ SHOP_KEY: '[secret SHOP_SECRET]', SHOP_MODE: 'test' })
    expect(Object.keys(seen)).not.toContain('VITEST')
    const stored = await storedText(store, run)
    expect(stored).toContain('[secret SHOP_SECRET]')
    expect(stored).not.toContain(secret)
  })

  it.each([
    ['pure', 'failed'],
    ['unsafe', 'unknown'],
  ] as const)('is told to stop when its run is cancelled, and ends as it must: %s, %s', async (effect, outcome) => {
    const file = join(await newFolder(), 'wait')
    const { run, store } = await startCall(await openShop(), { tool: 'wait', input: { file }, options: { effect } })
    await vi.waitFor(() => expect(existsSync(`${file}.started`)).toBe(true), 10_000)
    await run.cancel({ by: 'ada', reason: 'enough' })
    expect((await run.result()).status).toBe('cancelled')
    await vi.waitFor(() => expect(existsSync(`${file}.stopped`)).toBe(true), 10_000)
    await vi.waitFor(async () => expect(await storedText(store, run)).toMatch(new RegExp(`outcome\\W+${outcome}`)))
  })

  it.each(['pure', 'idempotent', 'keyed'] as const)('is tried again when the server died, %s', async (effect) => {
    const file = join(await newFolder(), 'died')
    const result = await call(await openShop(), {
      tool: 'die_once',
      input: { file },
      options: { effect, retry: { attempts: 2, backoff: 1 } },
    })
    expect(result).toMatchObject({ status: 'completed', output: { output: 'alive' } })
  })

  it.each<Partial<CallOptions>>([
    { options: { effect: 'unsafe', retry: { attempts: 3, backoff: 1 } } },
    { options: { effect: 'keyed', retry: { attempts: 3, backoff: 1 } }, use: 'unsafe' },
  ])(
    'is not tried again when it is unsafe, also only in this use, and the server died: a person is asked',
    async (more) => {
      const file = join(await newFolder(), 'died')
      const { run } = await startCall(await openShop(), { tool: 'die_once', input: { file }, ...more })
      const [request] = await vi.waitFor(async () => {
        const open = await run.requests()
        expect(open).toHaveLength(1)
        return open
      })
      expect(request).toMatchObject({ kind: 'unknown' })
    },
  )

  it('connects anew after close', async () => {
    const shop = await openShop()
    expect((await call(shop, { tool: 'say', input: { text: 'a' } })).output).toEqual({ output: 'said a' })
    await shop.close()
    expect((await call(shop, { tool: 'say', input: { text: 'b' } })).output).toEqual({ output: 'said b' })
  })

  it('may be tried again, whatever its effect, when the server cannot be started', async () => {
    const shop = await openShop({ transport: { type: 'stdio', command: '/nowhere/shop-mcp' } })
    const result = await call(shop, { tool: 'refuse', options: { effect: 'unsafe' } })
    expect(result.error).toMatchObject({ code: 'WAYSTONE_NODE_MCP_FAILED', retryable: true })
  })
})

describe('a tool that changed', () => {
  it.each([
    ['described', 'description'],
    ['wider', 'input'],
  ])('is not called: %s', async (variant, kind) => {
    const shop = await openShop({ transport: stdioShop(variant) })
    const result = await call(shop, { tool: 'look_up', input: { order: 'A1' } })
    expect(result.error).toMatchObject({ code: 'WAYSTONE_NODE_MCP_CHANGED', details: { changed: [kind] } })
    expect(JSON.stringify(result)).not.toContain('evil.example')
    expect(await shop.verify()).toMatchObject([{ kind, tool: 'look_up' }])
    expect((await call(shop, { tool: 'say', input: { text: 'a' } })).status).toBe('completed')
  })
})
