import { resolve } from 'node:path'
import { setOptionFolder } from '@waystone/core'
import { afterEach, describe, expect, it } from 'vitest'
import { placed } from './transport.ts'

afterEach(() => setOptionFolder(() => undefined))

describe('placed', () => {
  it('fixes the folder a server works in: that of the project that is loaded, else the working folder', () => {
    const server = { type: 'stdio', command: 'shop-mcp' } as const
    expect(placed(server)).toEqual({ ...server, cwd: resolve('.') })
    setOptionFolder(() => resolve('/project'))
    expect(placed(server)).toEqual({ ...server, cwd: resolve('/project') })
    expect(placed({ ...server, cwd: 'servers' })).toEqual({ ...server, cwd: resolve('/project/servers') })
    expect(placed({ type: 'http', url: 'http://localhost' })).toEqual({ type: 'http', url: 'http://localhost' })
  })
})
