import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { compile } from '../compile/compile.ts'
import { END, FAIL } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { defineTool } from '../define/tool.ts'
import type { Workflow } from '../define/workflow.ts'
import { buildGraph } from '../graph/build.ts'
import { hashGraph } from '../graph/hash.ts'
import { parseGraph } from '../graph/parse.ts'
import { canonicalJson, type Json } from '../base/json.ts'
import { World } from '../../test/compensation/trips.ts'
import { tourWorkflow } from '../../test/compensation/tours.ts'
import { trip, tripWorkflow } from '../../test/compensation/trips.ts'
import { check } from './check.ts'

const refund = defineTool({
  name: 'refund',
  description: 'Pays back.',
  effect: 'keyed',
  input: z.object({ id: z.string() }),
  output: z.object({}),
  run: () => ({}),
})
const charge = defineTool({
  name: 'charge',
  description: 'Charges a card.',
  effect: 'keyed',
  input: z.object({ amount: z.number() }),
  output: z.object({ id: z.string() }),
  run: () => ({ id: 'c' }),
})

function shop(compensate: object, more: { readonly never?: typeof refund } = {}): Workflow {
  const w = defineState({ amount: z.number() })
  const n = w.nodes({
    ask: w.approval({ show: ['amount'] }),
    charge: w.tool(charge, { reads: ['amount'], compensate: compensate as never }),
  })
  return w.workflow('shop', {
    input: z.object({ amount: z.number() }),
    output: [],
    nodes: n,
    start: n.ask,
    edges: { ask: { approved: n.charge, rejected: END }, charge: { done: FAIL } },
    ...(more.never !== undefined && { policies: [{ never: more.never as never, without: [n.ask, 'approved'] }] }),
  })
}

describe('compensations in graphs', () => {
  it('are in the graph and its identity, and are read back', () => {
    const undo = { tool: refund, input: ({ output }: { output?: { id: string } }) => output }
    const { graph } = buildGraph(shop(undo))
    expect(graph.nodes['charge']).toMatchObject({
      compensate: {
        kind: 'tool',
        tool: 'refund',
        id: 'charge',
        effect: 'keyed',
        retry: { attempts: 3 },
        whenUnknown: 'ask',
      },
    })
    expect(graph.tools).toHaveProperty('refund')
    expect(parseGraph(canonicalJson(graph as unknown as Json))).toEqual(graph)
    expect(hashGraph(graph).graph).not.toBe(hashGraph(buildGraph(shop({ ...undo, unknown: 'report' })).graph).graph)
  })

  it('are refused where they make no sense, at their place', () => {
    const messages = (compensate: object): readonly string[] => {
      try {
        buildGraph(shop(compensate))
        return []
      } catch (error) {
        return (error as Error).message.split('\n').filter((line) => line.includes('shop.'))
      }
    }
    expect(messages({})[0]).toContain('shop.nodes.charge.compensate.tool')
    expect(messages({ tool: refund })[0]).toContain('compensate: input is undefined')
    expect(messages({ tool: refund, run: () => 0, input: () => 0 })[0]).toContain('left out beside `run`')
    expect(messages({ run: () => 0, input: () => 0 })[0]).toContain('compensate: input is a function')
    expect(messages({ tool: refund, input: () => 0, effect: 'pure' })[0]).toContain(
      'effect is pure, but its tool is keyed',
    )
    expect(messages({ run: () => 0, unknown: 'shrug' })[0]).toContain('expected is one of "ask", "report"')
    expect(messages({ run: () => 0, when: 1 })[0]).toContain('no option "when"')
    expect(messages({ run: () => 0 })).toEqual([])
  })

  it('of pure work are refused: there is nothing to undo', () => {
    const w = defineState({ amount: z.number() })
    const n = w.nodes({ look: w.task({ effect: 'pure', run: () => undefined, compensate: { run: () => 0 } }) })
    const flow = w.workflow('w', {
      input: z.object({ amount: z.number() }),
      output: [],
      nodes: n,
      start: n.look,
      edges: { look: { done: END } },
    })
    expect(() => buildGraph(flow)).toThrow('is pure, so that there is nothing to undo')
  })

  it('may be declined where the tool says how', () => {
    const w = defineState({ amount: z.number() })
    const undoable = defineTool({
      name: 'undoable',
      description: 'Can be undone.',
      input: z.object({ amount: z.number() }),
      output: z.object({}),
      run: () => ({}),
      compensate: { run: () => 0 },
    })
    const flow = (compensate?: false): Workflow => {
      const n = w.nodes({
        use: w.tool(undoable, { reads: ['amount'], ...(compensate === false && { compensate }) }),
      })
      const edges = { use: { done: END } }
      return w.workflow('w', { input: z.object({ amount: z.number() }), output: [], nodes: n, start: n.use, edges })
    }
    const ends = (workflow: Workflow): boolean => ':compensating' in compile(workflow).machine.states
    expect(ends(flow())).toBe(true)
    expect(ends(flow(false))).toBe(false)
  })

  it('are a state of the machine that stands before its ends, and only where something can be undone', () => {
    const { machine } = compile(tripWorkflow(new World()))
    expect(Object.keys(machine.states[':compensating']?.states ?? {})).toEqual(['failed', 'exhausted', 'cancelled'])
    const into = machine.states['pay']?.on['xstate.done.actor.pay']?.flatMap(
      ({ target }) => target?.map(({ id }) => id) ?? [],
    )
    expect(into).toContain('undo:failed')
  })
})

describe('bounds and policies of compensations', () => {
  it('count a step for everything that can be undone, its attempts, and go beyond the limits', () => {
    const bounds = (limits: object): ReturnType<typeof check>['bounds'] =>
      check(buildGraph(tripWorkflow(new World(), { limits }))).bounds
    expect(bounds({}).steps.graph.max).toBe(10 + 7)
    expect(bounds({}).toolCalls.graph.max).toBe(1 + 3)
    expect(bounds({ steps: 4 }).steps.limited.max).toBe(4 + 4)
    expect(bounds({ steps: 9 }).steps.limited.max).toBe(9 + 7)
    expect(trip.input.seats).toHaveLength(2)
  })

  it('say how a worst case is made up where something can be undone, and nowhere else', () => {
    const { toolCalls, steps, modelCalls } = check(
      buildGraph(tripWorkflow(new World(), { limits: { steps: 4 } })),
    ).bounds
    expect(steps.limited).toEqual({ max: 8, note: null, parts: { run: 4, undo: 4 } })
    expect(steps.graph).toEqual({ max: 17, note: null, parts: { run: 10, undo: 7 } })
    expect(toolCalls.limited.parts).toEqual({ run: 1, undo: 3 })
    expect(modelCalls.limited).toEqual({ max: 0, note: null })
  })

  it('count what nested workflows may have to undo once', () => {
    expect(check(buildGraph(tourWorkflow(new World()))).bounds.steps.graph.max).toBe(2 + 2 * 4 + 5)
  })

  it('refuse a tool that asks people about its calls: undoing asks nobody', () => {
    const asking = defineTool({
      name: 'asking',
      description: 'Pays back.',
      approval: true,
      input: z.object({}),
      output: z.object({}),
      run: () => ({}),
    })
    const { findings } = check(buildGraph(shop({ tool: asking, input: () => ({}) })))
    expect(findings.map(({ code }) => code)).toContain('WAYSTONE_DEFINITION_TOOL_ASKS_NOBODY')
  })

  it('refuse a policy over a tool that undoes, since nobody is asked then', () => {
    const undo = { tool: refund, input: () => ({ id: 'c' }) }
    const { findings } = check(buildGraph(shop(undo, { never: refund })))
    expect(
      findings.filter(({ code }) => code === 'WAYSTONE_DEFINITION_POLICY_VIOLATED').map(({ message }) => message),
    ).toEqual([
      'tool "refund" undoes what "charge" did (shop.nodes.charge.compensate), which may be wherever a run ends, without ask.approved',
    ])
  })
})
