import { writeFileSync } from 'node:fs'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createCommandLine, sink, type CommandLine } from './command-line.ts'
import { screenAfter } from './screen.ts'
import { terminal } from './terminal.ts'

let waystone: CommandLine
beforeEach(() => {
  waystone = createCommandLine()
})
afterEach(() => waystone.close())

const large = ['run', 'support.ts', '--input', '{"topic":"tides","amount":250}'] as const

describe('waystone run at a terminal', () => {
  it('shows what runs, what was used, what is left and the last edge with its reason, and asks (H3, H5)', async () => {
    const person = terminal([
      ['Decide:', 'maybe'],
      ['Decide:', 'app'],
      ['Reason:', 'looks right'],
    ])
    const { exit } = await waystone.within(person.around, ...large)
    expect(screenAfter(person.shown()).replaceAll(/1[0-9a-z]{16}/g, 'RUN1')).toMatchInlineSnapshot(`
      "run RUN1  support version 2
      offline models: offline:writer; nothing is sent anywhere, --live uses the real ones
          0.0 s  write  model: done  0 ms · 1 model call · 120 tokens · $0.0003
          0.0 s  write  tool look-up: done  0 ms · 1 tool call
          0.0 s  write  model: done  0 ms · 1 model call · 120 tokens · $0.0003
          0.0 s         → boss  because isSmall is false (amount = 250)
          0.0 s  boss   asks a person  until 2026-01-04 03:04 (in 2 d)

      boss asks  step 3, workflow support, for a boss
        why     a large amount
        shown   letter: "Dear \\u001b[2Jreader, tides come twice a day."
                amount: 250
        answers approved → send  [boss.approved]
                  runs send
                    letter: "Dear \\u001b[2Jreader, tides come twice a day."
                    amount: 250
                rejected → write  [boss.rejected]
                edited → boss  [boss.edited]
        edit    amount may be edited
        so far  2 model calls · 1 tool call · 240 tokens · $0.0006
        expires 2026-01-04 03:04 (in 2 d) → end  [boss.expired]

      Decide: 1 approved · 2 rejected · 3 edited · ?… asks · Enter leaves it open > maybe
      Found "maybe"; allowed is approved, rejected, edited, or Enter to leave it open.
      Decide: 1 approved · 2 rejected · 3 edited · ?… asks · Enter leaves it open > app
      Reason: looks right
          0.0 s  boss   approved by ada: looks right
          0.0 s         → send
          0.0 s  send   tool send: done  0 ms · 1 tool call
          0.0 s  send   sent 250 red
          0.0 s         → end

      completed  run RUN1  6 checkpoints · 2 model calls · 2 tool calls · 240 tokens · $0.0006
      {
        "letter": "Dear \\u001b[2Jreader, tides come twice a day."
      }
      "
    `)
    expect(person.unanswered).toEqual([])
    expect(exit).toBe(0)
  })

  it('holds a talk: what is typed is said, and another outcome ends it', async () => {
    const person = terminal([
      ['you >', 'hello there'],
      ['you >', 'Bye'],
    ])
    const { exit } = await waystone.within(person.around, 'run', 'talk.ts')
    expect(screenAfter(person.shown()).replaceAll(/1[0-9a-z]{16}/g, 'RUN1')).toMatchInlineSnapshot(`
      "run RUN1  talk version 1
      offline models: offline:echo; nothing is sent anywhere, --live uses the real ones

      Type a message; bye is a word of its own; an empty line leaves the run waiting.

      What is on your mind?

      you > hello there
          0.0 s  echo    model: done  0 ms · 1 model call · 15 tokens · <$0.0001

      You said: hello there
      and more.

      you > Bye

      completed  run RUN1  4 checkpoints · 1 model call · 15 tokens · <$0.0001
      {
        "reply": "You said: hello there\\nand \\u001b[2Jmore."
      }
      "
    `)
    expect(exit).toBe(0)
  })

  it('leaves a talk waiting at an empty line, and says how to go on', async () => {
    const person = terminal([
      ['you >', 'hello'],
      ['you >', ''],
    ])
    const { exit } = await waystone.within(person.around, 'run', 'talk.ts')
    expect(screenAfter(person.shown())).toMatch(/answer 1\w+ said --response '\{"message":"…"\}'/)
    expect(screenAfter(person.shown())).toMatch(/step \d+ {2}\w+: You said: hello/)
    expect(exit).toBe(3)
    expect((await waystone('answer', 'last', 'said', '--response', '{"message":"again"}')).exit).toBe(3)
    const { exit: ended, out } = await waystone('answer', 'last', 'bye')
    expect(out).toContain('You said: again')
    expect(ended).toBe(0)
  })

  it('draws the live block while the run goes on', async () => {
    const person = terminal([['Decide:', '']])
    await waystone.within(person.around, ...large)
    const beforeQuestion = person.shown().split('\n\u001b[33m')[0] ?? ''
    const frames = beforeQuestion
      .split('\u001b[0J')
      .map((_, index, all) => screenAfter(all.slice(0, index + 1).join('\u001b[0J')))
    expect(
      frames
        .find((frame) => frame.includes('last  write'))
        ?.split('\n')
        .slice(-6)
        .join('\n'),
    ).toMatchInlineSnapshot(`
      "    0.0 s  write  model: done  0 ms · 1 model call · 120 tokens · $0.0003
          0.0 s         → boss  because isSmall is false (amount = 250)
        used  0 ms · 3 steps · 2 model calls · 1 tool call · 240 tokens · $0.0006
        left  27 steps · 8 model calls · $0.50
        last  write done → boss  because isSmall is false (amount = 250)
      "
    `)
  })

  it('asks about a request with a question mark, and goes on asking (H5)', async () => {
    const person = terminal([
      ['Decide:', '? is it right'],
      ['Decide:', ''],
    ])
    const { exit } = await waystone.within(person.around, ...large)
    expect(exit).toBe(3)
    expect(person.shown()).toContain('Asked. Answer with: ')
    expect(person.shown()).toContain('ada: is it right')
    expect(person.unanswered).toEqual([])
  })

  it('leaves the run waiting when nothing is chosen', async () => {
    const person = terminal([['Decide:', '']])
    const { exit } = await waystone.within(person.around, ...large)
    expect(person.shown()).toContain('waits for a person')
    expect(exit).toBe(3)
  })

  it('takes edits from the editor, and from a line without one', async () => {
    const withEditor = terminal([
      ['Decide:', 'edited'],
      ['Reason:', 'half'],
      ['Decide:', '1'],
      ['Reason:', 'now it is right'],
    ])
    const edit = (_editor: string, path: string): number => {
      writeFileSync(path, '{"amount":125}')
      return 0
    }
    await waystone.within({ ...withEditor.around, edit, env: { EDITOR: 'ed', USER: 'ada' } }, ...large)
    expect(JSON.parse((await waystone('show', 'last', '--state')).out)).toMatchObject({ amount: 125 })

    const byLine = terminal([
      ['Decide:', '3'],
      ['JSON object', '{"amount":130}'],
      ['Reason:', 'half'],
      ['Decide:', ''],
    ])
    await waystone.within(byLine.around, ...large)
    expect(JSON.parse((await waystone('show', 'last', '--state')).out)).toMatchObject({ amount: 130 })
  })

  it('asks again after edits that are no JSON', async () => {
    const person = terminal([
      ['Decide:', '3'],
      ['JSON object', 'half of it'],
      ['Decide:', ''],
    ])
    const { err } = await waystone.within(person.around, ...large)
    expect(err).toContain('edit: found "half of it", which is no JSON')
    expect(person.unanswered).toEqual([])
  })

  it('uses no colour with NO_COLOR, and none of the live view with TERM=dumb', async () => {
    const person = terminal([['Decide:', '']])
    await waystone.within({ ...person.around, env: { NO_COLOR: '1', TERM: 'dumb' } }, ...large)
    expect(person.shown()).not.toContain('\u001b')
  })

  it('ends asking when the input ends', async () => {
    const { out } = terminal([]).around
    const input = Object.assign(new PassThrough(), { isTTY: true })
    input.end()
    const { exit } = await waystone.within({ input, out }, ...large)
    expect(exit).toBe(3)
  })

  it('lets nothing of what a model says reach the terminal as an escape sequence', async () => {
    const person = terminal([['Decide:', '']])
    await waystone.within(person.around, ...large)
    // A sequence that is not the view's own fails in screenAfter.
    expect(screenAfter(person.shown())).toContain('letter: "Dear \\u001b[2Jreader, tides come twice a day."')
    expect(person.shown()).not.toContain('\u001b[2J')
    expect(person.shown()).not.toContain('\u0007')
  })
})

describe('a question that expires', () => {
  it('is taken off the screen, and the run goes on by itself (H6)', async () => {
    const person = terminal([])
    const { exit } = await waystone.within(person.around, 'run', 'moving/expiring.ts', '--input', '{"text":"x"}')
    const shown = screenAfter(person.shown())
    expect(shown).toMatch(/\n *step 0 of ask expired at .*Z, and nobody had decided; the run went on to note\n/)
    expect(shown).toMatch(/ask {3}expired/)
    expect(shown).toContain('"text": "x, unasked"')
    expect(exit).toBe(0)
  })
})

describe('Ctrl-C at a question', () => {
  it('leaves the run waiting and says how to decide', async () => {
    let interrupt = (): void => undefined
    const person = terminal([])
    const out = {
      ...person.around.out,
      write(part: string) {
        person.around.out.write(part)
        if (part.includes('Decide:')) interrupt()
      },
    }
    const onInterrupt = (callback: () => void): (() => void) => {
      interrupt = callback
      return () => undefined
    }
    const { exit, err } = await waystone.within({ ...person.around, out, onInterrupt }, ...large)
    expect(err).toContain('waystone approve RUN1 --reason')
    expect(exit).toBe(130)
  })
})

describe('waystone show at a narrow terminal', () => {
  it('leaves out what does not fit, from the last column on, but not where an edge led', async () => {
    await waystone('run', 'support.ts', '--input', '{"topic":"tides","amount":250}')
    const shownAt = async (columns: number): Promise<readonly string[]> => {
      const out = { ...sink(true), columns }
      await waystone.within({ out }, 'show', 'last')
      const { text } = out
      const all = screenAfter(text()).split('\n')
      return all.slice(all.findIndex((line) => line.trimStart().startsWith('seq')))
    }
    const wide = await shownAt(200)
    expect(wide[0]).toMatch(/edge +took +cost +because$/)
    const narrow = await shownAt(70)
    expect(narrow[0]).toMatch(/edge( +took( +cost)?)?$/)
    expect(narrow.filter((line) => line.length > 70)).toEqual([])
    expect(narrow).toHaveLength(wide.length)
  })
})
