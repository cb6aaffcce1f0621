import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { acceptMcpTools, mcpServer, type McpFinding } from '../src/index.ts'
import { acceptedLock, cleanUp, newFolder, openShop, stdioShop } from './shop.ts'

afterEach(cleanUp)

describe('acceptMcpTools', () => {
  it('writes what a person accepted, and asks only about differences', async () => {
    const file = join(await newFolder(), 'shop.mcp.json')
    const shown: (readonly McpFinding[])[] = []
    const accept = (isAccepted: boolean, variant = '') =>
      acceptMcpTools({
        name: 'shop',
        transport: stdioShop(variant),
        file,
        tools: ['look_up'],
        look: (findings) => {
          shown.push(findings)
          return isAccepted
        },
      })
    expect(await accept(false)).toBeNull()
    await expect(readFile(file)).rejects.toThrow('ENOENT')
    const lock = await accept(true)
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(lock)
    expect(await accept(false)).toEqual(lock)
    expect(await accept(false, 'wider')).toBeNull()
    expect(shown.map((findings) => findings.map(({ kind }) => kind))).toEqual([['new'], ['new'], ['input']])
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(lock)
  })

  it('refuses a tool that the server does not offer and a file that is damaged', async () => {
    const file = join(await newFolder(), 'shop.mcp.json')
    const options = { name: 'shop', transport: stdioShop(), file, look: () => true }
    const error = { code: 'WAYSTONE_INPUT_MCP_LOCK' }
    await expect(acceptMcpTools({ ...options, tools: ['fly'] })).rejects.toMatchObject(error)
    await writeFile(file, '{')
    await expect(acceptMcpTools(options)).rejects.toMatchObject(error)
  })
})

describe('mcpServer', () => {
  const transport = { type: 'stdio', command: '/nowhere/shop-mcp' } as const

  it('makes tools without a server, named as models accept it, unsafe unless it is said', async () => {
    const shop = mcpServer({ name: 'my shop', transport, lock: { ...Object(await acceptedLock()), server: 'my shop' } })
    expect(shop.tool('look_up').name).toBe('my_shop_look_up')
    expect(shop.tool('look_up', { as: 'find' }).name).toBe('find')
  })

  it('refuses a lock that was changed by hand, is of another server or does not have the tool', async () => {
    const text = JSON.stringify(await acceptedLock())
    const read = (changed: string) => () =>
      mcpServer({ name: 'shop', transport, lock: JSON.parse(changed) }).tool('look_up')
    expect(read(text)).not.toThrow()
    expect(read(text.replace('Finds an order.', 'Finds orders.'))).toThrow(/changed by hand at tool "look_up"/)
    expect(read(text.replace('"server":"shop"', '"server":"bank"'))).toThrow(/is the lock of server "bank"/)
    expect(read('{}')).toThrow(/is no lock of MCP tools/)
    expect(() => mcpServer({ name: 'shop', transport, lock: JSON.parse(text) }).tool('constructor')).toThrow(
      /has no tool/,
    )
  })

  it('finds nothing to report when the server offers what was accepted', async () => {
    expect(await (await openShop()).verify()).toEqual([])
  })
})
