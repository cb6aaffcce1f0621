import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineAgent } from '../define/agent.ts'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { defineTool } from '../define/tool.ts'
import type { Workflow } from '../define/workflow.ts'
import { buildGraph } from '../graph/build.ts'
import { check } from './check.ts'
import type { CheckReport } from './report.ts'

const pay = defineTool({
  name: 'pay',
  description: 'Pays.',
  input: z.object({ bill: z.string() }),
  output: z.object({ receipt: z.string() }),
  run: () => ({ receipt: 'r' }),
})

type Bill = Workflow<{ bill: string }, { receipt?: string | undefined }>

/** Pays a bill, behind its own editor or not. */
function billOf(isAsked: boolean, hasPolicy = isAsked): Bill {
  const s = defineState({ bill: z.string(), receipt: z.string().optional() })
  const n = s.nodes({
    editor: s.approval({ show: ['bill'] }),
    pay: s.tool(pay, { reads: ['bill'], writes: ['receipt'], timeout: '1s' }),
  })
  return s.workflow('bill', {
    input: z.object({ bill: z.string() }),
    output: ['receipt'],
    nodes: n,
    start: isAsked ? n.editor : n.pay,
    edges: { editor: { approved: n.pay, rejected: END }, pay: { done: END, unknown: END } },
    ...(hasPolicy && { policies: [{ never: pay, without: [n.editor, 'approved'] }] }),
  })
}

const payer = (approval: boolean) =>
  defineAgent({
    model: 'small',
    instructions: 'Pay it.',
    input: z.object({ bill: z.string() }),
    output: z.object({ receipt: z.string() }),
    tools: [pay],
    maxModelCalls: 3,
    maxCallsPerTurn: 2,
    toolRules: { pay: { approval, maxCalls: 4 } },
  })

const w = defineState({ bills: z.array(z.string()) })

function checked(
  item: Bill | ReturnType<typeof payer>,
  options: object = {},
  without?: 'approval' | 'boss',
): CheckReport {
  const map = Reflect.get(w, 'map') as (config: object) => ReturnType<typeof w.map<'bills', unknown, Bill>>
  const n = w.nodes({
    boss: w.approval({ show: ['bills'] }),
    each: map({ over: 'bills', input: (bill: string) => ({ bill }), item, maxItems: 20, concurrency: 5, ...options }),
  })
  const policy = { never: pay, without: without === 'boss' ? ([n.boss, 'approved'] as const) : ('approval' as const) }
  return check(
    buildGraph(
      w.workflow('bills', {
        input: z.object({ bills: z.array(z.string()) }),
        output: [],
        nodes: n,
        start: n.boss,
        edges: { boss: { approved: n.each, rejected: END }, each: { done: END } },
        ...(without !== undefined && { policies: [policy as never] }),
      }),
    ),
  )
}

const messages = ({ findings }: CheckReport): readonly string[] =>
  findings.map(({ code, place, message }) => `${code} ${place.path}: ${message}`)

describe('check of maps that run agents and workflows', () => {
  it('counts each item with what it runs and its attempts (G9)', () => {
    const { bounds } = checked(billOf(true, false))
    expect(bounds.steps.graph.max).toBe(1 + 2 + 20 * (1 + 2))
    expect(bounds.toolCalls.graph.max).toBe(20)
    const again = checked(billOf(true, false), { retry: { attempts: 3 } }).bounds
    expect(again.steps.graph.max).toBe(1 + 2 + 20 * (1 + 3 * 2))
    expect(again.toolCalls.graph.max).toBe(60)
    const agents = checked(payer(true)).bounds
    expect(agents.modelCalls.graph.max).toBe(60)
    expect(agents.toolCalls.graph.max).toBe(20 * 4)
    // Calls that a person rejects take steps too, and do not count.
    expect(agents.steps.graph.max).toBe(1 + 2 + 20 * (1 + 3 + 6))
  })

  it('refuses one yes for what runs in every item, and takes a yes to each call (H4)', () => {
    expect(messages(checked(billOf(true, false), {}, 'boss'))).toEqual([
      expect.stringMatching(
        /POLICY_VIOLATED bills\.policies.*tool "pay" in the items of map "each" may run 20 times in one visit, but boss\.approved covers one run/,
      ),
    ])
    expect(messages(checked(billOf(true, false), { maxItems: 1 }, 'boss'))).toEqual([])
    expect(messages(checked(billOf(true, false), { maxItems: 1, retry: { attempts: 2 } }, 'boss'))).toHaveLength(1)
    expect(messages(checked(payer(true), {}, 'approval'))).toEqual([])
    expect(messages(checked(payer(false), {}, 'approval'))).toHaveLength(1)
  })

  it('proves policies of what an item runs in there, and refuses it with its place (H4)', () => {
    expect(messages(checked(billOf(true)))).toEqual([])
    expect(messages(checked(billOf(false, true)))).toContainEqual(
      expect.stringMatching(/POLICY_VIOLATED bill\.policies.*tool "pay" can run without editor\.approved/),
    )
  })

  it('says how each call of a tool that asks gets its own yes (H4)', () => {
    const asking = defineTool({
      name: 'wire',
      description: 'Wires money.',
      approval: true,
      input: z.object({ bill: z.string() }),
      output: z.object({ receipt: z.string() }),
      run: () => ({ receipt: 'r' }),
    })
    const { findings } = checked(asking as never)
    expect(findings.map(({ code, hint }) => [code, hint])).toEqual([
      [
        'WAYSTONE_DEFINITION_TOOL_ASKS_NOBODY',
        expect.stringMatching(/give the map `approval: true`: each item is asked about/),
      ],
    ])
  })
})
