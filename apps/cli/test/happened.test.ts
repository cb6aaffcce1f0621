import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createCommandLine, type CommandLine } from './command-line.ts'
import { terminal } from './terminal.ts'

let waystone: CommandLine
beforeEach(() => {
  waystone = createCommandLine()
})
afterEach(() => waystone.close())

const start = ['run', 'lost.ts', '--input', '{"order":"o-1"}'] as const

describe('waystone answer RUN happened', () => {
  it('is advised with what the effect gave, and needs it', async () => {
    const { out } = await waystone(...start)
    expect(out).toContain(`waystone answer RUN1 happened --result '{"receipt":"…"}' --reason "…"`)
    const bare = await waystone('answer', 'last', 'happened')
    expect(bare.err).toContain(
      '"happened" needs --result: what it gave, JSON that fits {"type":"object","properties":{"receipt":{"type":"string"}},"required":["receipt"],"additionalProperties":false}; for example --result \'{"receipt":"…"}\'',
    )
    expect(bare.exit).toBe(2)
    const wrong = await waystone('answer', 'last', 'happened', '--result', '{"receipt":7}')
    expect(wrong.err).toContain('the result does not fit the output of tool pay: receipt:')
    expect(wrong.exit).toBe(2)
    const right = await waystone('answer', 'last', 'happened', '--result', '{"receipt":"r-7"}', '--json')
    expect(JSON.parse(right.out)).toMatchObject({ status: 'completed', output: { receipt: 'r-7' } })
  })

  it('is shown in the request, also as JSON', async () => {
    await waystone(...start)
    expect((await waystone('show', 'last', '--request')).out).toContain(
      'result  needed for happened: what it gave, JSON that fits {"type":"object"',
    )
    const { requests } = JSON.parse((await waystone('show', 'last', '--request', '--json')).out) as {
      requests: object[]
    }
    expect(requests).toMatchObject([{ result: { example: { receipt: '…' }, neededFor: ['happened'] } }])
  })

  it('asks for it at a terminal', async () => {
    const person = terminal([
      ['Decide:', 'happened'],
      ['What it gave (JSON such as {"receipt":"…"}, or @file):', 'r-7'],
      ['What it gave', '{"receipt":"r-7"}'],
      ['Reason:', 'seen in the ledger'],
    ])
    const { exit } = await waystone.within(person.around, ...start)
    expect(person.unanswered).toEqual([])
    expect(person.shown()).toContain('"receipt": "r-7"')
    expect(exit).toBe(0)
  })
})
