import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { END, FAIL } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { defineTool } from '../define/tool.ts'
import { DefinitionError } from '../errors/definition-error.ts'
import { buildGraph } from './build.ts'
import type { ApprovalRecord, Graph } from './graph.ts'
import { parseGraph } from './parse.ts'

const w = defineState({ amount: z.number(), note: z.string().optional() })

function build(options: object): Graph {
  const board = w.approval({ show: ['amount'], ...options })
  const n = w.nodes({ board })
  return buildGraph(
    w.workflow('w', {
      input: z.object({ amount: z.number() }),
      output: [],
      nodes: n,
      start: n.board,
      edges: { board: { approved: END, rejected: FAIL } },
    }),
  ).graph
}

function problems(options: object): readonly string[] {
  try {
    build(options)
  } catch (error) {
    if (DefinitionError.isInstance(error)) return error.issues.map(({ message }) => message)
    throw error
  }
  return []
}

describe('who decides', () => {
  it('is in the graph as it was written, and absent where nothing was', () => {
    const graph = build({
      quorum: { need: 2, of: ['ada', 'bo', 'cy'] },
      delegates: { ada: ['dan'] },
      escalate: [
        { after: '1h', role: 'director' },
        { after: '1d', role: 'owner' },
      ],
    })
    expect(graph.nodes['board']).toMatchObject({
      quorum: { need: 2, of: ['ada', 'bo', 'cy'], rejected: 'one' },
      delegates: [{ person: 'ada', by: ['dan'] }],
      escalations: [
        { afterMs: 3_600_000, role: 'director' },
        { afterMs: 86_400_000, role: 'owner' },
      ],
    })
    expect(parseGraph(JSON.stringify(graph))).toEqual(graph)
    const plain = build({}).nodes['board'] as ApprovalRecord
    expect(['quorum', 'delegates', 'escalations'].filter((key) => key in plain)).toEqual([])
    expect((build({ escalate: { after: 5, role: 'r' } }).nodes['board'] as ApprovalRecord).escalations).toEqual([
      { afterMs: 5, role: 'r' },
    ])
  })

  it.each<readonly [object, string]>([
    [{ quorum: 2 }, 'quorum is'],
    [{ quorum: {} }, 'need is'],
    [{ quorum: { need: 1 } }, 'need is 1'],
    [{ quorum: { need: 3, of: ['ada', 'bo'] } }, 'a list of at least 3 persons'],
    [{ quorum: { need: 2, rejected: 'unreachable' } }, 'rejected is'],
    [{ quorum: { need: 2, from: [] } }, 'has no option "from"'],
    [{ quorum: { need: 2 }, edits: ['amount'] }, 'edits is'],
    [{ quorum: { need: 2 }, outcomes: ['approved', 'rejected'] }, 'outcomes is'],
    [{ quorum: { need: 2 }, response: z.object({ note: z.string() }) }, 'response is'],
    [{ delegates: { ada: [] } }, 'ada is'],
    [{ delegates: { ada: ['ada'] } }, 'ada is'],
    [{ escalate: { role: 'r' } }, 'after is'],
    [{ escalate: { after: '1h' } }, 'role is'],
    [{ escalate: 'later' }, 'escalate is'],
    [
      {
        escalate: [
          { after: '2h', role: 'a' },
          { after: '1h', role: 'b' },
        ],
      },
      'later than the one before',
    ],
  ])('is refused when it says %j', (options, message) => {
    expect(problems(options).join('\n')).toContain(message)
  })

  it('about a call leaves nothing to be edited', () => {
    const tool = (approval: object): ReturnType<typeof defineTool> =>
      defineTool({
        name: 'pay',
        description: 'Pays.',
        input: z.object({}),
        output: z.object({}),
        approval,
        run: () => ({}),
      })
    const graphOf = (approval: object): Graph => {
      const n = w.nodes({ clerk: w.agent({ model: 'm', instructions: 'i', tools: [tool(approval)] }) })
      return buildGraph(
        w.workflow('w', {
          input: z.object({ amount: z.number() }),
          output: [],
          nodes: n,
          start: n.clerk,
          edges: { clerk: { done: END } },
        }),
      ).graph
    }
    expect(graphOf({ quorum: { need: 2 } }).tools['pay']?.approval).toMatchObject({
      canEdit: false,
      quorum: { need: 2, of: null, rejected: 'one' },
    })
    expect(() => graphOf({ quorum: { need: 2 }, canEdit: true })).toThrow('canEdit is true')
  })
})
