import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { defineTool } from '../define/tool.ts'
import { InputError } from '../errors/input-error.ts'
import { hashGraph } from '../graph/hash.ts'
import { parseGraph } from '../graph/parse.ts'
import { createRuntime } from './create-runtime.ts'
import type { RuntimeOptions } from './runtime.ts'

const w = defineState({ text: z.string() })

function workflow(resources?: readonly string[]) {
  const search = defineTool({
    name: 'search',
    description: 'Searches.',
    effect: 'pure',
    ...(resources !== undefined && { resources }),
    input: z.object({ text: z.string() }),
    output: z.object({ text: z.string() }),
    run: ({ text }) => ({ text }),
  })
  const n = w.nodes({ search: w.tool(search, { reads: ['text'], writes: ['text'] }) })
  return w.workflow('searching', {
    input: z.object({ text: z.string() }),
    output: ['text'],
    nodes: n,
    start: n.search,
    edges: { search: { done: END } },
  })
}

/** What `createRuntime` says to an option that somebody wrote in plain JavaScript. */
function refusal(limits: unknown, options: RuntimeOptions = { workflows: [workflow()] }): string {
  try {
    createRuntime({ ...options, limits: limits as never })
  } catch (error) {
    return InputError.isInstance(error) ? `${error.code}: ${error.message}` : String(error)
  }
  return 'accepted'
}

describe('limits of a runtime', () => {
  it.each([
    [
      { models: { fast: { concurrent: 2 } } },
      'option limits.models.fast: no model of that name is bound; bound are: none',
    ],
    [
      { tools: { serach: {} } },
      'option limits.tools.serach: no workflow of this runtime has that tool; they have: search',
    ],
    [{ tool: {} }, 'option limits has "tool"; allowed are: models, tools, resources; did you mean "tools"?'],
    [
      { tools: { search: { concurent: 2 } } },
      'option limits.tools.search has "concurent"; allowed are: concurrent, perSecond, perMinute, perHour, perDay, resources; did you mean "concurrent"?',
    ],
    [
      { tools: { search: { concurrent: 0 } } },
      'option limits.tools.search.concurrent is 0; allowed are whole numbers from 1 to 1000000000, or to leave it out',
    ],
    [
      { tools: { search: { perSecond: 1.5 } } },
      'option limits.tools.search.perSecond is 1.5; allowed are whole numbers from 1 to 1000000000, or to leave it out',
    ],
    [
      { tools: { search: { perSecond: Number.NaN } } },
      'option limits.tools.search.perSecond is NaN; allowed are whole numbers from 1 to 1000000000, or to leave it out',
    ],
    [
      { tools: { search: { tokensPerMinute: 9 } } },
      'option limits.tools.search has "tokensPerMinute"; allowed are: concurrent, perSecond, perMinute, perHour, perDay, resources',
    ],
    [
      { tools: { search: { resources: ['crm'] } } },
      'option limits.tools.search.resources names "crm", which is not in limits.resources; there are: none',
    ],
    [
      { tools: { search: { resources: 'crm' } } },
      'option limits.tools.search.resources is "crm"; a list of names of limits.resources belongs there',
    ],
    [
      { resources: { crm: { resources: [] } } },
      'option limits.resources.crm has "resources"; allowed are: concurrent, perSecond, perMinute, perHour, perDay, tokensPerMinute, tokensPerDay',
    ],
    [{ resources: { crm: 5 } }, 'option limits.resources.crm is 5; an object belongs there'],
    [{ resources: [] }, 'option limits.resources is []; an object belongs there'],
    [null, 'option limits is null; an object belongs there'],
  ])('refuse %j', (limits, message) => {
    expect(refusal(limits)).toBe(`WAYSTONE_INPUT_RUNTIME_OPTION: ${message}`)
  })

  it('take what is there, and any tool when no workflow is known yet', () => {
    const limits = { tools: { search: { resources: ['crm'] } }, resources: { crm: { perDay: 9, tokensPerDay: 9 } } }
    expect(refusal(limits)).toBe('accepted')
    expect(refusal({ tools: { later: { concurrent: 1 } } }, {})).toBe('accepted')
    expect(refusal({})).toBe('accepted')
  })

  it('are named by tools outside the graph hash, and absent from the graph where no tool names any', () => {
    const [plain, named] = [workflow(), workflow(['crm', 'mail'])].map((one) =>
      createRuntime({ workflows: [one] }).compiled('searching'),
    )
    expect(plain?.graph.tools['search']).not.toHaveProperty('resources')
    expect(named?.graph.tools['search']?.resources).toEqual(['crm', 'mail'])
    expect(named?.hashes.graph).toBe(plain?.hashes.graph)
    expect(named?.hashes.behaviour).not.toBe(plain?.hashes.behaviour)
    const read = parseGraph(JSON.stringify(named?.graph))
    expect(hashGraph(read)).toEqual(named?.hashes)
  })
})
