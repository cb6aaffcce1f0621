import type { AgentRecord, Graph, ToolRecord } from '@waystone/core'
import { describe, expect, it } from 'vitest'
import { crossedFigures, overlapsOf } from '../../test/geometry.ts'
import { smallSample } from '../../test/sample-graphs.ts'
import { layOut } from './layout.ts'
import { toMermaid } from './mermaid.ts'
import { pictureOf } from './picture.ts'
import { straighten } from './straighten.ts'
import { toSvg } from './svg.ts'
import { toolText } from './tool-text.ts'

const place = { path: 'sample' }
const approval = {
  when: 'always',
  role: null,
  reason: '',
  expiresInMs: null,
  canEdit: true,
  canAskBack: false,
} as const

function tool(name: string, asks?: ToolRecord['approval']): ToolRecord {
  const retry = { attempts: 1, backoffMs: 0, factor: 1, maxBackoffMs: 0, jitter: 0 }
  const terms = { description: '', effect: 'pure', secrets: [], version: 1, timeoutMs: null, place } as const
  return { ...terms, name, inputSchema: {}, outputSchema: {}, retry, ...(asks !== undefined && { approval: asks }) }
}

/** The small sample, whose first agent has tools. */
function withTools(
  tools: readonly ToolRecord[],
  toolRules?: AgentRecord['toolRules'],
): { readonly agent: AgentRecord; readonly graph: Graph } {
  const triage = smallSample.nodes['triage']
  if (triage?.kind !== 'agent') throw new TypeError('the sample begins with an agent')
  const agent = { ...triage, tools: tools.map(({ name }) => name), ...(toolRules !== undefined && { toolRules }) }
  const graph = {
    ...smallSample,
    nodes: { ...smallSample.nodes, triage: agent },
    tools: Object.fromEntries(tools.map((record) => [record.name, record])),
  }
  return { agent, graph }
}

const asking = withTools([tool('look-up'), tool('refund', approval)], {
  refund: { after: ['look-up'], maxCalls: 1, when: { guard: 'isOpen' } },
})

describe('toolText', () => {
  it.each<[string, readonly ToolRecord[], AgentRecord['toolRules'], string]>([
    ['no tools', [], undefined, ''],
    ['tools without rules', [tool('look-up'), tool('tell')], undefined, 'look-up, tell'],
    ['a tool that asks', [tool('look-up'), tool('refund', approval)], undefined, 'look-up, refund (asks)'],
    ['a rule that asks', [tool('refund')], { refund: { approval } }, 'refund (asks)'],
    ['a rule that asks nobody', [tool('refund', approval)], { refund: { approval: null } }, 'refund'],
    ['a guard', [tool('pay', { ...approval, when: { guard: 'isLarge' } })], undefined, 'pay (asks if isLarge)'],
    ['arguments', [tool('pay', { ...approval, when: 'arguments' })], undefined, 'pay (asks by arguments)'],
    ['an alternate', [tool('look')], { look: { alternates: ['seek'] } }, 'look (else seek)'],
  ])('writes %s', (_what, tools, rules, text) => {
    const { agent, graph } = withTools(tools, rules)
    expect(toolText(agent, graph)).toBe(text)
  })

  it('stands in the label of its agent, in Mermaid and SVG', async () => {
    expect(toMermaid(asking.graph)).toContain(
      'n_triage("<b>triage</b><br>agent · fast<br>look-up, refund (asks, if isOpen,<br>after look-up, ≤ 1×)"):::agent',
    )
    const svg = await toSvg(asking.graph)
    expect(svg).toContain('>look-up, refund (asks, if isOpen,</text>')
    expect(svg).toContain('>after look-up, ≤ 1×)</text>')
    expect(svg).toContain('triage (agent · fast; may call look-up, refund (asks, if isOpen, after look-up, ≤ 1×))')
  })

  it('makes its card higher, and lies over nothing (D5)', async () => {
    const drawing = straighten(await layOut(pictureOf(asking.graph)))
    expect(drawing.figures.find(({ id }) => id === 'triage')?.height).toBe(74)
    expect(overlapsOf(drawing)).toEqual([])
    expect(crossedFigures(drawing)).toEqual([])
  })
})
