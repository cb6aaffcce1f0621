import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { END, FAIL } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { defineTool } from '../define/tool.ts'
import type { Workflow } from '../define/workflow.ts'
import { buildGraph } from '../graph/build.ts'
import { check } from './check.ts'

const s = defineState({ text: z.string(), note: z.string().optional() })
const input = z.object({ text: z.string() })
const task = () => s.task({ effect: 'pure', reads: ['text'], run: () => undefined })
const pay = defineTool({
  name: 'pay',
  description: 'Pays.',
  input: z.object({ text: z.string() }),
  output: z.object({ text: z.string() }),
  run: (given) => given,
})

type Inner = Workflow<{ text: string }>

/** Workflows that are refused, each for one thing. */
const faults: { readonly [what: string]: () => Inner } = {
  'a cycle without a limit': () => {
    const n = s.nodes({ ask: s.approval({ show: ['text'] }) })
    return s.workflow('inner', {
      input,
      output: [],
      nodes: n,
      start: n.ask,
      edges: { ask: { approved: END, rejected: n.ask } },
    })
  },
  'a node that nothing leads to': () => {
    const n = s.nodes({ one: task(), lost: task() })
    return s.workflow('inner', {
      input,
      output: [],
      nodes: n,
      start: n.one,
      edges: { one: { done: END }, lost: { done: END } },
    })
  },
  'a key that is read before it is written': () => {
    const n = s.nodes({ one: s.task({ effect: 'pure', reads: ['note'], run: () => undefined }) })
    return s.workflow('inner', { input, output: ['note'], nodes: n, start: n.one, edges: { one: { done: END } } })
  },
  'branches that meet in a loop': () => {
    const n = s.nodes({ begin: task(), left: task(), right: task(), shared: task(), both: s.join() })
    return s.workflow('inner', {
      input,
      output: [],
      nodes: n,
      start: n.begin,
      edges: {
        begin: { done: { fork: [n.left, n.right], join: n.both } },
        left: { done: n.shared },
        right: { done: n.shared },
        shared: { done: n.both, failed: { to: n.left, limit: 1, otherwise: n.both } },
        both: { done: END },
      },
    })
  },
  'a tool without the approval that its policy wants': () => {
    const n = s.nodes({ boss: s.approval({ show: ['text'] }), pay: s.tool(pay, { reads: ['text'] }) })
    return s.workflow('inner', {
      input,
      output: [],
      nodes: n,
      start: n.boss,
      edges: { boss: { approved: n.pay, rejected: n.pay }, pay: { done: END } },
      policies: [{ never: pay, without: [n.boss, 'approved'] }],
    })
  },
}

/** The workflow as a node of another one, or as the items of a map of it. */
function holding(inner: Inner, how: 'nested' | 'items'): Workflow<{ text: string }> {
  const n = s.nodes({
    hold:
      how === 'nested'
        ? s.nested(inner, { reads: ['text'] })
        : s.map({
            over: ({ state }) => [{ text: state.text }],
            reads: ['text'],
            item: inner,
            input: ({ text }) => ({ text }),
            maxItems: 2,
          }),
  })
  return s.workflow('outer', { input, output: [], nodes: n, start: n.hold, edges: { hold: { done: END } } })
}

function errorsOf(workflow: Workflow<{ text: string }>): readonly string[] {
  return check(buildGraph(workflow)).findings.flatMap(({ severity, code, place, message }) =>
    severity === 'error' ? [`${code} at ${place.path}: ${message}`] : [],
  )
}

describe('check of what is nested', () => {
  it.each(Object.entries(faults))(
    'refuses %s, inside a child and inside the items of a map as by itself',
    (_, make) => {
      const inner = make()
      const alone = errorsOf(inner)
      expect(alone.length).toBeGreaterThan(0)
      expect(alone.every((text) => text.includes(' at inner'))).toBe(true)
      expect(errorsOf(holding(inner, 'nested'))).toEqual(alone)
      expect(errorsOf(holding(inner, 'items'))).toEqual(alone)
    },
  )
})

describe('policies of what is around', () => {
  const paying = (isTwice: boolean): Inner => {
    const n = s.nodes({ pay: s.tool(pay, { reads: ['text'] }) })
    return s.workflow('inner', {
      input,
      output: [],
      nodes: n,
      start: n.pay,
      edges: { pay: { done: isTwice ? { to: n.pay, limit: 1, otherwise: END } : END } },
    })
  }

  function asked(options: {
    readonly how: 'child' | 'item' | 'tool item'
    readonly items?: number
    readonly isTwice?: boolean
    readonly isRejected?: boolean
  }): readonly string[] {
    const { how, items = 1, isTwice = false, isRejected = false } = options
    const inner = paying(isTwice)
    const list = {
      over: ({ state }: { state: { text: string } }) => [{ text: state.text }],
      reads: ['text'],
      input: ({ text }: { text: string }) => ({ text }),
      maxItems: items,
    } as const
    const n = s.nodes({
      boss: s.approval({ show: ['text'] }),
      hold:
        how === 'child'
          ? s.nested(inner, { reads: ['text'] })
          : how === 'item'
            ? s.map({ ...list, item: inner })
            : s.map({ ...list, item: pay }),
    })
    return errorsOf(
      s.workflow('outer', {
        input,
        output: [],
        nodes: n,
        start: n.boss,
        edges: { boss: { approved: n.hold, rejected: isRejected ? n.hold : FAIL }, hold: { done: END } },
        policies: [{ never: pay, without: [n.boss, 'approved'] }],
      }),
    ).map((text) => text.slice(text.indexOf(': ') + 2))
  }

  it('hold where the tool runs at most once behind the outcome, in a child or in an item (G3, G8)', () => {
    for (const how of ['child', 'item', 'tool item'] as const) expect(asked({ how })).toEqual([])
  })

  it('are refused where a way into it has not crossed the outcome', () => {
    const found = (['child', 'item', 'tool item'] as const).map((how) => asked({ how, isRejected: true }))
    expect(found).toMatchInlineSnapshot(`
      [
        [
          "tool "pay" in nested workflow "hold" can run without boss.approved: boss.rejected → hold; on this path boss.approved is not crossed",
        ],
        [
          "tool "pay" in the items of map "hold" can run without boss.approved: boss.rejected → hold; on this path boss.approved is not crossed",
        ],
        [
          "tool "pay" can run without boss.approved: boss.rejected → hold; on this path boss.approved is not crossed",
        ],
      ]
    `)
  })

  it('are refused where it runs more than once on one yes: in a cycle of a child, in several items', () => {
    const found = [
      asked({ how: 'child', isTwice: true }),
      asked({ how: 'item', items: 3 }),
      asked({ how: 'item', isTwice: true }),
      asked({ how: 'tool item', items: 3 }),
    ]
    expect(found).toMatchInlineSnapshot(`
      [
        [
          "tool "pay" in nested workflow "hold" may run more than once in one visit, but boss.approved covers one run: boss.approved → hold",
        ],
        [
          "tool "pay" in the items of map "hold" may run 3 times in one visit, but boss.approved covers one run: boss.approved → hold",
        ],
        [
          "tool "pay" in the items of map "hold" may run more than once in one visit, but boss.approved covers one run: boss.approved → hold",
        ],
        [
          "tool "pay" may run 3 times in one visit, but boss.approved covers one run: boss.approved → hold",
        ],
      ]
    `)
  })
})
