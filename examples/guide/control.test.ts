import { buildGraph, check, createRuntime, graphsOf, type AgentRecord, type Graph } from '@waystone/core'
import { scriptedModel } from '@waystone/testing'
import { describe, expect, it } from 'vitest'
import { agents, reports } from './control.ts'

/** Each of the agents is one object, and this is what it is in a graph, without what its workflow connects it to. */
function definitionsIn(graph: Graph): readonly string[] {
  const nodes = graphsOf(graph).flatMap((one) => Object.values(one.nodes))
  return nodes
    .filter((node): node is AgentRecord => node.kind === 'agent')
    .map(({ id, model, instructions, outputSchema, tools, maxModelCalls, repairs }) =>
      JSON.stringify({ id, model, instructions, outputSchema, tools, maxModelCalls, repairs }),
    )
    .toSorted()
}

describe('one set of agents under four kinds of control (G10)', () => {
  it.each(reports.map((report) => [report.name, report] as const))('runs %s', async (_, report) => {
    const before = JSON.stringify(agents)
    const model = scriptedModel({
      research: [
        report.name === 'decentral'
          ? {
              calls: [
                {
                  name: 'handoff_write',
                  arguments: { facts: 'Tides follow the moon.', reason: 'the facts are there' },
                },
              ],
            }
          : { output: { facts: 'Tides follow the moon.' } },
      ],
      write: [{ output: { text: 'On tides.' } }],
      'findOut/research': [{ output: { facts: 'Tides follow the moon.' } }],
      'publish/write': [{ output: { text: 'On tides.' } }],
    })
    const runtime = createRuntime({ workflows: [report], models: { main: model } })
    const run = await runtime.start(report, { input: { topic: 'tides' } })
    expect(await run.result()).toMatchObject({ status: 'completed', output: { text: 'On tides.' } })
    expect(model.calls.map(({ node }) => node.split('/').at(-1))).toEqual(['research', 'write'])
    expect(JSON.stringify(model.calls[1]?.request)).toContain('Tides follow the moon.')
    expect(JSON.stringify(agents)).toBe(before)
    await runtime.close()
  })

  it('has the same agents in every graph, byte for byte', () => {
    const [first, ...others] = reports.map((report) => definitionsIn(buildGraph(report).graph))
    expect(first).toHaveLength(2)
    for (const definitions of others) expect(definitions).toEqual(first)
  })

  it('has four different graphs without findings', () => {
    const graphs = reports.map((report) => buildGraph(report))
    for (const built of graphs) expect(check(built).findings).toEqual([])
    expect(new Set(graphs.map(({ hashes }) => hashes.graph)).size).toBe(4)
  })
})
