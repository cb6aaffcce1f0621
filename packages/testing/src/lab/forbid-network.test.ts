import { get } from 'node:http'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectSecurely } from 'node:tls'
import { once } from 'node:events'
import OpenAI from 'openai'
import { afterEach, describe, expect, it } from 'vitest'
import { forbidNetwork } from './forbid-network.ts'
import { startModelLab } from './start-model-lab.ts'

const undone: (() => void)[] = []

afterEach(() => {
  for (const undo of undone.splice(0)) undo()
})

function forbid(...parameters: Parameters<typeof forbidNetwork>): () => void {
  const undo = forbidNetwork(...parameters)
  undone.push(undo)
  return undo
}

const message = 'a connection to example.com was tried while forbidNetwork() forbids all but this machine'
const forbidden = expect.objectContaining({ code: 'WAYSTONE_INPUT_NETWORK_FORBIDDEN', message }) as Error

describe('forbidNetwork', () => {
  it('forbids net, tls, http and fetch, before any name is looked up', async () => {
    forbid()
    expect(() => connect(80, 'example.com')).toThrow(forbidden)
    expect(() => connect({ port: 80, host: 'example.com' })).toThrow(forbidden)
    expect(() => connectSecurely(443, 'example.com')).toThrow(forbidden)
    expect(() => get('http://example.com')).toThrow(forbidden)
    await expect(fetch('https://example.com')).rejects.toMatchObject({ cause: forbidden })
    const client = new OpenAI({ baseURL: 'https://example.com/v1', apiKey: 'k', maxRetries: 0 })
    await expect(client.models.list()).rejects.toThrow('Connection error.')
    expect(() => connect(80, '127.0.0.1.example.com')).toThrow('127.0.0.1.example.com')
  })

  it('lets this machine through: the lab, localhost, sockets that are files', async () => {
    forbid()
    const lab = await startModelLab({ script: ['Hello.'] })
    const client = new OpenAI({ baseURL: lab.url, apiKey: 'k', maxRetries: 0 })
    expect((await client.responses.create({ model: 'm', input: 'x' })).output_text).toBe('Hello.')
    await lab.close()
    const path = join(tmpdir(), `waystone-${process.pid}.sock`)
    await reach(createServer().listen(path))
    await reach(createServer().listen(0, 'localhost'))
  })

  it('lets named hosts through, when everyone who forbids names them', () => {
    forbid({ allow: ['example.com'] })
    expect(isForbidden()).toBe(false)
    const undo = forbid()
    expect(isForbidden()).toBe(true)
    undo()
    expect(isForbidden()).toBe(false)
  })

  it('is undone by what it returned', () => {
    const undo = forbid()
    expect(isForbidden()).toBe(true)
    undo()
    undo()
    expect(isForbidden()).toBe(false)
  })
})

/** Tries a connection that never comes so far as to leave this machine. */
function isForbidden(): boolean {
  try {
    connect({ port: 9, host: 'example.com', lookup: () => undefined }).destroy()
    return false
  } catch {
    return true
  }
}

async function reach(server: Server): Promise<void> {
  await once(server, 'listening')
  const address = server.address()
  const socket = typeof address === 'string' ? connect(address) : connect(address?.port ?? 0)
  await once(socket, 'connect')
  socket.destroy()
  server.close()
  await once(server, 'close')
}
