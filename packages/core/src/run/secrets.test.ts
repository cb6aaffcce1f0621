import { afterEach, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { asks, says, scripted } from '../../test/support/scripted-model.ts'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { defineTool } from '../define/tool.ts'
import { nodeError } from '../errors/node-error.ts'
import { createRuntime } from './create-runtime.ts'
import type { Runtime } from './runtime.ts'
import { createSecretVault } from './secrets.ts'

const secret = 'hunter2+key/with?signs='
const forms = [
  secret,
  encodeURIComponent(secret),
  encodeURIComponent(secret).toLowerCase(),
  Buffer.from(secret).toString('base64'),
  Buffer.from(`user:${secret}`).toString('base64').slice(7, -4),
  Buffer.from(`x${secret}yy`).toString('base64url').slice(2, -4),
]

const open: Runtime[] = []
afterEach(async () => {
  await Promise.all(open.splice(0).map((runtime) => runtime.close()))
})

describe('createSecretVault', () => {
  it('takes a value out in plain, URL-encoded and base64 form at any offset, keys included', async () => {
    const vault = createSecretVault(() => secret)
    await vault.resolve('TOKEN')
    const given = {
      plain: `Bearer ${secret}!`,
      url: `https://x/?q=${encodeURIComponent(secret)}`,
      lower: encodeURIComponent(secret).toLowerCase(),
      basic: `Basic ${Buffer.from(`user:${secret}`).toString('base64')}`,
      shifted: Buffer.from(`us:${secret}`).toString('base64'),
      url64: Buffer.from(secret).toString('base64url'),
      nested: [{ [secret]: 1 }],
    }
    const text = JSON.stringify(vault.redact(given))
    for (const form of forms) expect(text).not.toContain(form)
    expect(text).toContain('Bearer [secret TOKEN]!')
  })

  it('takes a value of several lines out of JSON inside a text', async () => {
    const key = '-----BEGIN KEY-----\n"abc"\n-----END KEY-----'
    const vault = createSecretVault(() => key)
    await vault.resolve('KEY')
    expect(vault.redact(`sent ${JSON.stringify({ key })}`)).toBe('sent {"key":"[secret KEY]"}')
  })

  it('gives back the same value when there is nothing to take out', async () => {
    const vault = createSecretVault(() => secret)
    const before = { a: [1, 'x'] }
    expect(vault.redact(before)).toBe(before)
    await vault.resolve('TOKEN')
    expect(vault.redact(before)).toBe(before)
  })
})

const w = defineState({ text: z.string(), out: z.string().optional() })
const leak = defineTool({
  name: 'leak',
  description: 'Says everything it knows.',
  effect: 'pure',
  retry: { attempts: 1 },
  secrets: ['TOKEN'],
  input: z.object({ how: z.string() }),
  output: z.object({ out: z.string() }),
  run: async ({ how }, context) => {
    const token = await context.secret('TOKEN')
    context.log(`using ${token}`, { token })
    context.source(`https://api.example/?key=${encodeURIComponent(token)}`)
    if (how === 'throw') throw new Error(`401 for ${Buffer.from(`user:${token}`).toString('base64')}`)
    if (how === 'other') await context.secret('OTHER')
    return { out: `it is ${token}` }
  },
})

describe('secrets', () => {
  const make = () => {
    const n = w.nodes({
      call: w.tool(leak, { reads: ['text'], writes: ['out'], input: ({ state }) => ({ how: state.text }) }),
      think: w.agent({ model: 'fast', instructions: 'Use it.', tools: [leak], writes: ['out'] }),
    })
    return w.workflow('leaky', {
      input: z.object({ text: z.string() }),
      output: ['out'],
      nodes: n,
      start: n.call,
      edges: { call: { done: n.think, failed: n.think }, think: { done: END } },
    })
  }

  it.each(['return', 'throw'])('are in no checkpoint, event, request or log: tools that %s them (S6)', async (how) => {
    const store = createMemoryStore()
    const model = scripted(asks(['leak', { how: 'return' }]), says({ out: `told ${secret}` }))
    const runtime = createRuntime({ store, models: { fast: model }, secrets: () => secret })
    open.push(runtime)
    const run = await runtime.start(make(), { input: { text: how } })
    const result = await run.result()
    expect(result).toMatchObject({ status: 'completed', output: { out: 'told [secret TOKEN]' } })
    const seen: unknown[] = [result, model.requests, await store.after(0, 1_000)]
    for await (const event of run.events({ tokens: true })) seen.push(event)
    const text = JSON.stringify(seen)
    for (const form of forms) expect(text).not.toContain(form)
    expect(text).toContain('[secret TOKEN]')
  })

  it('are not shown when a model streams one in pieces, nor half of one when its call fails (S6)', async () => {
    const n = w.nodes({
      think: w.agent({ model: 'fast', instructions: 'Use it.', tools: [leak], writes: ['out'] }),
    })
    const streaming = w.workflow('streaming', {
      input: z.object({ text: z.string() }),
      output: ['out'],
      nodes: n,
      start: n.think,
      edges: { think: { done: END } },
    })
    const listening = Promise.withResolvers<void>()
    const seen = Promise.withResolvers<void>()
    const model = scripted(
      async (options: { secret: (name: string) => Promise<string>; onToken: (text: string) => void }) => {
        await listening.promise
        const value = await options.secret('TOKEN')
        for (const letter of `say ${value} `) options.onToken(letter)
        await seen.promise
        options.onToken(value.slice(0, -1))
        throw nodeError('WAYSTONE_NODE_MODEL_NONSENSE', 'cut')
      },
    )
    const runtime = createRuntime({ models: { fast: model }, secrets: () => secret })
    open.push(runtime)
    const run = await runtime.start(streaming, { input: { text: 'x' } })
    let shown = ''
    for await (const event of run.events({ tokens: true })) {
      listening.resolve()
      if (event.type === 'token.received') shown += event.text
      if (shown.endsWith('] ')) seen.resolve()
    }
    expect(shown).toBe('say [secret TOKEN] ')
  })

  it('refuse the start when one is missing, before anything runs', async () => {
    const runtime = createRuntime({ models: { fast: scripted() }, secrets: () => undefined })
    open.push(runtime)
    await expect(runtime.start(make(), { input: { text: 'return' } })).rejects.toMatchObject({
      code: 'WAYSTONE_INPUT_SECRETS_MISSING',
      details: { secrets: ['TOKEN'] },
    })
    expect((await runtime.list()).rows).toEqual([])
  })

  it('fail the effect that asks for one it does not declare, or that has vanished', async () => {
    let asked = 0
    const runtime = createRuntime({
      models: { fast: scripted(says({ out: 'x' })) },
      secrets: () => (asked++ === 0 ? secret : undefined),
    })
    open.push(runtime)
    const gone = await runtime.start(make(), { input: { text: 'return' } })
    await gone.result()
    const codes: string[] = []
    for await (const event of gone.events())
      if (event.type === 'step.ended' && event.error !== undefined) codes.push(event.error.code)
    expect(codes).toEqual(['WAYSTONE_NODE_SECRET_MISSING'])

    const other = createRuntime({ models: { fast: scripted(says({ out: 'x' })) }, secrets: () => secret })
    open.push(other)
    const run = await other.start(make(), { input: { text: 'other' } })
    await run.result()
    for await (const event of run.events())
      if (event.type === 'step.ended' && event.error !== undefined) codes.push(event.error.code)
    expect(codes[1]).toBe('WAYSTONE_NODE_SECRET_UNDECLARED')
  })
})
