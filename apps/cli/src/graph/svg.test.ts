import { describe, expect, it } from 'vitest'
import { crossedFigures, overlapsOf } from '../../test/geometry.ts'
import { largeSample, sampleGraph, smallSample } from '../../test/sample-graphs.ts'
import { layOut } from './layout.ts'
import { pictureOf } from './picture.ts'
import { straighten } from './straighten.ts'
import { escapeXml, toSvg } from './svg.ts'

const wide = sampleGraph(
  'wide',
  { ask: 'agent', ...Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`way${index}`, 'task' as const])) },
  {
    ask: {
      done: Array.from({ length: 8 }, (_, index) =>
        index === 7 ? 'way7' : { to: `way${index}`, when: `aGuardWithALongName${index}` },
      ),
    },
    ...Object.fromEntries(Array.from({ length: 8 }, (_, index) => [`way${index}`, { done: ':end', failed: 'ask' }])),
  },
)

describe('layOut', () => {
  it.each([
    ['six nodes', smallSample],
    ['sixteen nodes', largeSample],
    ['eight guarded edges from one node', wide],
  ])('lays no label over a figure or another label: %s (D5)', async (_what, graph) => {
    for (const hasImplicit of [false, true]) {
      const drawing = straighten(await layOut(pictureOf(graph, { hasImplicit })))
      expect(overlapsOf(drawing)).toEqual([])
      expect(crossedFigures(drawing)).toEqual([])
    }
  })

  it('gives every figure a place inside the picture, and every line a route', async () => {
    const { width, height, figures, lines } = await layOut(pictureOf(largeSample))
    for (const { x, y, width: w, height: h } of figures) {
      expect(x >= 0 && y >= 0 && x + w <= width && y + h <= height).toBe(true)
    }
    for (const { points, labels, labelBox } of lines) {
      expect(points.length).toBeGreaterThan(1)
      expect(labelBox === null).toBe(labels.length === 0)
    }
  })

  it('keeps the main path downwards from start to end', async () => {
    const { figures, lines } = await layOut(pictureOf(largeSample))
    const top = new Map(figures.map(({ id, y }) => [id, y]))
    const main = lines.filter(({ isMain }) => isMain)
    expect(main.length).toBeGreaterThan(5)
    for (const { from, to } of main) expect(top.get(to) ?? 0).toBeGreaterThan(top.get(from) ?? 0)
  })
})

describe('straighten', () => {
  it('takes small steps at the ends out and keeps every end on its figure', async () => {
    const before = await layOut(pictureOf(largeSample))
    const after = straighten(before)
    const bends = ({ lines }: typeof before): number => lines.reduce((sum, { points }) => sum + points.length - 2, 0)
    expect(bends(after)).toBeLessThan(bends(before))
    const figures = new Map(after.figures.map((figure) => [figure.id, figure]))
    for (const { from, to, points } of after.lines) {
      for (const [id, point] of [
        [from, points[0]],
        [to, points.at(-1)],
      ] as const) {
        const { x = 0, y = 0, width = 0, height = 0 } = figures.get(id) ?? {}
        expect(point?.x).toSatisfy((at: number) => at >= x - 0.2 && at <= x + width + 0.2)
        expect(point?.y).toSatisfy((at: number) => at >= y - 0.2 && at <= y + height + 0.2)
      }
    }
  })
})

describe('toSvg', () => {
  it('gives the same text for the same graph', async () => {
    expect(await toSvg(smallSample)).toBe(await toSvg(structuredClone(smallSample)))
  })

  it('tells kinds and lines apart by shape, stroke and mark, in both themes', async () => {
    const svg = await toSvg(largeSample)
    expect(svg).toContain('@media (prefers-color-scheme:dark)')
    expect(svg).toContain('.ws .approval .card,.ws .person .card{stroke-dasharray:6 3.5}')
    expect(svg).toContain('<g class="gate"')
    expect(svg.match(/class="inner"/g)).toHaveLength(3)
    expect(svg).toContain('<g class="error">')
    expect(svg).toContain('<g class="back">')
    expect(svg).toContain('<g class="plain main">')
  })

  it('names and describes itself for those who do not see it', async () => {
    const svg = await toSvg(smallSample)
    expect(svg).toContain('role="img"')
    expect(svg).toContain('<title>Workflow refunds, version 1</title>')
    expect(/<desc>(.*)<\/desc>/.exec(svg)?.[1]).toMatchInlineSnapshot(
      `"6 nodes: triage (agent · fast), manager (approval · manager), refund (tool · refund-tool), verify (approval · manager), answer (agent · fast), tone (gate). Ways: start to triage, triage to refund (isSmall), triage to manager (else), manager to refund (approved), manager to answer (rejected; expired), refund to answer, refund to verify (unknown), verify to answer (happened), verify to manager (did-not-happen ≤ 1×), verify to failed (did-not-happen after 1×), answer to tone, tone to end (pass; rude after 2×), tone to answer (rude ≤ 2×)."`,
    )
  })

  it('holds nothing that is loaded or run', async () => {
    const svg = await toSvg(largeSample)
    expect(svg).not.toMatch(/<script|href|url\(|@import|<foreignObject|\son\w+=/)
  })

  it('escapes every text of an author', async () => {
    const evil = '</text><script>alert("1")</script>&\u0000\u001b'
    const graph = {
      ...smallSample,
      name: evil,
      description: evil,
      nodes: {
        ...smallSample.nodes,
        [evil]: { ...smallSample.nodes['tone'], id: evil, kind: 'gate' as const, description: evil },
      },
    }
    const svg = await toSvg(graph as typeof smallSample)
    expect(svg).not.toContain('<script')
    expect(svg).not.toContain('\u0000')
    expect(svg).not.toContain('\u001b')
    expect(escapeXml(evil)).toBe('&lt;/text&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;')
  })
})
