import { describe, expect, it } from 'vitest'
import { diffRequests, formatDifferences } from './diff-requests.ts'

const tool = (name: string, description: string): { name: string; description: string } => ({ name, description })

describe('diffRequests', () => {
  it('finds nothing in bodies that differ in the order of keys only', () => {
    expect(diffRequests({ a: 1, b: [{ c: null, d: 'x' }] }, { b: [{ d: 'x', c: null }], a: 1 })).toEqual([])
  })

  it('names the line of the message, the tool and the option that differ', () => {
    const before = {
      model: 'small',
      instructions: 'You sort mails.\nBe brief.\nNever guess.',
      input: [{ role: 'user', content: 'Hello' }],
      tools: [tool('look_up', 'Finds an order'), tool('refund', 'Pays back')],
      temperature: 0,
    }
    const after = {
      ...before,
      instructions: 'You sort mails.\nBe very brief.\nNever guess.',
      input: [...before.input, { role: 'user', content: 'And then?' }],
      tools: [tool('look_up', 'Finds an order by number'), tool('refund', 'Pays back')],
      temperature: undefined,
    }
    const { temperature: _, ...asked } = after
    expect(formatDifferences(diffRequests(before, asked))).toMatchInlineSnapshot(`
      "  input[1] (user)
          + {"content":"And then?","role":"user"}
        instructions, line 2
          - "Be brief."
          + "Be very brief."
        temperature
          - 0
        tools[0] (look_up).description
          - "Finds an order"
          + "Finds an order by number""
    `)
  })

  it('shows of a long line what is around the difference', () => {
    const line = (word: string): string => `${'lorem ipsum '.repeat(30)}${word}${' dolor sit'.repeat(30)}`
    const [difference] = diffRequests({ input: line('amet') }, { input: line('amat') })
    expect(difference).toMatchInlineSnapshot(`
      {
        "asked": ""…m lorem ipsum lorem ipsum lorem ipsum amat dolor sit dolor sit dolor sit dolor sit dolor sit dolor sit dolor sit dolor s…"",
        "place": "input",
        "recorded": ""…m lorem ipsum lorem ipsum lorem ipsum amet dolor sit dolor sit dolor sit dolor sit dolor sit dolor sit dolor sit dolor s…"",
      }
    `)
  })

  it('keeps equal messages opposite each other when one is inserted', () => {
    const messages = ['a', 'b', 'c', 'd'].map((content) => ({ role: 'user', content }))
    const asked = [...messages.slice(0, 2), { role: 'user', content: 'new' }, ...messages.slice(2)]
    expect(diffRequests(messages, asked, 'input')).toEqual([
      { place: 'input[2] (user)', recorded: undefined, asked: '{"content":"new","role":"user"}' },
    ])
  })

  it('shows a dozen and counts the rest', () => {
    const body = (offset: number): { list: number[] } => ({
      list: Array.from({ length: 20 }, (_, index) => index + offset * 100),
    })
    expect(
      formatDifferences(diffRequests(body(0), body(1)))
        .split('\n')
        .at(-1),
    ).toBe('  and 8 more')
  })
})
