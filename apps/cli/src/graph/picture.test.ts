import { buildGraph, check, hasErrors } from '@waystone/core'
import { describe, expect, it } from 'vitest'
import { everything } from '../../test/fixtures/everything.ts'
import { crossedFigures, overlapsOf } from '../../test/geometry.ts'
import { largeSample } from '../../test/sample-graphs.ts'
import { layOut } from './layout.ts'
import { pictureOf } from './picture.ts'
import { straighten } from './straighten.ts'
import { toSvg } from './svg.ts'

const { graph } = buildGraph(everything)
const picture = pictureOf(graph)

/** What stands in the card of a node under its name. */
function card(node: string): readonly string[] {
  const { subtitle = '', tools = '', notes = [] } = picture.figures.find(({ id }) => id === node) ?? {}
  return [subtitle, tools, ...notes].filter((text) => text !== '')
}

describe('pictureOf', () => {
  it('is tried on a workflow with every construct, and nothing is wrong with that', () => {
    expect(hasErrors(check(buildGraph(everything)))).toBe(false)
  })

  it.each<[string, string, readonly string[]]>([
    [
      'a join',
      'gathered',
      ['join · 2 of 3', 'failed branches are dropped', 'losers may end their call', 'deadline 20 s'],
    ],
    ['a join for any', 'told', ['join · any']],
    ['nodes that exclude each other', 'web', ['task · pure', 'one at a time: net']],
    ['a node that sees the fork', 'archive', ['task · pure', 'one at a time: net', 'sees the state as at the fork']],
    [
      'a map of a tool, with what undoes it',
      'bookAll',
      [
        'map · book · at least 2',
        'asks about each item',
        '≤ 20 items, 4 at a time',
        'failed items are dropped',
        'undone by give-back',
      ],
    ],
    ['a map of an agent', 'reviewAll', ['map · agent', '≤ 10 items, 8 at a time', 'failed items are kept']],
    ['a map of a workflow', 'writeAll', ['map · section', '≤ 5 items, 5 at a time']],
    [
      'a map that ends with the first',
      'fastest',
      ['map · pure · first wanted', '≤ 2 items, 2 at a time', 'failed items are kept'],
    ],
    ['a nested workflow', 'summary', ['workflow · section']],
    ['compensation', 'reserve', ['task · keyed', 'undone by code']],
    ['a wait for events', 'payment', ['wait · paid or withdrawn by order', 'expires after 3 d']],
    ['a wait for time', 'night', ['wait · 8 h']],
    ['a wait for a moment', 'delivery', ['wait · until deliverAt']],
    ['an agent with tools that are undone', 'support', ['agent · fast', 'book (undone by give-back)', 'redirectable']],
    [
      'an approval with deciders',
      'lead',
      ['approval · lead', '2 of ada, bo, cy', 'after 4 h boss', 'expires after 2 d', 'redirectable'],
    ],
  ])('says what the edges do not: %s', (_what, node, texts) => {
    expect(card(node)).toEqual(texts)
  })

  it('says on its lines what each edge is, and how it is drawn', () => {
    expect(picture.lines.map(({ id, labels }) => [id, ...labels].join(' · '))).toMatchInlineSnapshot(`
      [
        ":start>start:plain",
        "start>web:plain · fork",
        "start>archive:plain · fork: isLarge",
        "start>shop:plain · fork",
        "web>gathered:plain",
        "archive>gathered:plain · cancels shop",
        "shop>gathered:plain",
        "shop>:fail:error · timeout, cancels the fork",
        "gathered>bookAll:plain · done · deadline",
        "gathered>support:plain · unsatisfied",
        "bookAll>reviewAll:plain",
        "bookAll>support:plain · unsatisfied",
        "reviewAll>writeAll:plain",
        "writeAll>fastest:plain",
        "fastest>summary:plain",
        "fastest>:fail:error · unsatisfied",
        "summary>reserve:plain",
        "reserve>findCard:plain",
        "findCard>cleared:plain",
        "cleared>charge:plain · yes",
        "cleared>payment:plain · no",
        "charge>night:plain",
        "payment>night:plain · paid",
        "payment>:fail:error · withdrawn · expired",
        "night>delivery:plain",
        "delivery>tell:plain · emits delivered",
        "delivery>stock:plain · emits delivered",
        "tell>told:plain",
        "stock>told:plain",
        "told>support:plain",
        "support>:end:plain",
        "support>expert:plain · handoff: expert",
        "expert>:end:plain",
        "expert>support:back · handoff: back",
        "lead>:end:plain · approved",
        "lead>:fail:error · rejected · expired",
        "support>lead:error · one handoff too many",
        "expert>lead:error · one handoff too many",
        ":exhausted>lead:error",
        ":stalled>lead:error · ≤ 1×",
        ":stalled>:fail:error · after 1×",
      ]
    `)
  })

  it('draws nested workflows and what items run in frames when it is asked to, at every depth', () => {
    const expanded = pictureOf(graph, { isExpanded: true })
    const frames = expanded.figures.filter(({ isFrame }) => isFrame)
    expect(frames.map(({ id, within }) => [id, within])).toEqual([
      ['bookAll', null],
      ['reviewAll', null],
      ['writeAll', null],
      ['writeAll/count', 'writeAll'],
      ['summary', null],
      ['summary/count', 'summary'],
      [':group:billing', null],
    ])
    const inside = expanded.figures.filter(({ within }) => within === 'summary/count').map(({ id }) => id)
    expect(inside).toEqual(['summary/count/:start', 'summary/count/count', 'summary/count/:end'])
    expect(expanded.lines.map(({ id }) => id)).toContain('summary/count/count>:end:plain')
    expect(picture.figures.filter(({ isFrame }) => isFrame).map(({ id }) => id)).toEqual([':group:billing'])
  })

  it('says of a group what it keeps and what of it crosses', () => {
    expect(card(':group:billing')).toEqual([
      'group',
      'keeps card',
      'own secrets',
      'exports isPaid',
      'heard outside: cleared',
    ])
    const members = picture.figures.filter(({ within }) => within === ':group:billing')
    expect(members.map(({ id }) => id)).toEqual(['findCard', 'cleared', 'charge'])
  })

  it('draws every way that leads to the failed end as a way of failure', () => {
    const kinds = picture.lines.filter(({ to }) => to === ':fail').map(({ kind }) => kind)
    expect(kinds.length).toBeGreaterThan(3)
    expect(new Set(kinds)).toEqual(new Set(['error']))
  })
})

describe('the picture of every construct', () => {
  it.each([false, true])('lays nothing over anything, expanded: %s (D5)', async (isExpanded) => {
    const drawing = straighten(await layOut(pictureOf(graph, { isExpanded })))
    expect(overlapsOf(drawing)).toEqual([])
    expect(crossedFigures(drawing)).toEqual([])
    const figures = new Map(drawing.figures.map((figure) => [figure.id, figure]))
    for (const { within, x, y, width, height } of drawing.figures) {
      const frame = within === null ? undefined : figures.get(within)
      if (frame === undefined) continue
      expect(x > frame.x && y > frame.y && x + width < frame.x + frame.width).toBe(true)
      expect(y + height).toBeLessThan(frame.y + frame.height)
    }
  })

  it('cuts nothing, however long its names are (D5)', async () => {
    const long = 'approveOrRejectTheRefundOfTheCustomerWhoHasWrittenTwice'
    const model = 'a-provider/a-model-with-a-name-that-nobody-can-say-in-one-breath'
    const renamed = JSON.parse(
      JSON.stringify(graph).replaceAll('"payment"', `"${long}"`).replaceAll('"good"', `"${model}"`),
    ) as typeof graph
    const drawing = straighten(await layOut(pictureOf(renamed)))
    expect(overlapsOf(drawing)).toEqual([])
    const svg = await toSvg(renamed)
    expect(svg).not.toContain('…')
    const texts = [...svg.matchAll(/<text[^>]*>([^<]*)<\/text>/g)].map(([, text]) => text).join('')
    expect(texts).toContain(long)
    expect(texts).toContain(model)
  })

  it('draws groups whose nodes lie apart (D5)', async () => {
    const place = { path: 'sample' }
    const record = { keys: ['card'], exports: ['paid'], verdicts: [], description: '', place }
    for (const every of [2, 3]) {
      const nodes = Object.entries(largeSample.nodes).map(([id, node], index) => [
        id,
        index % every === 0 ? { ...node, group: 'office' } : node,
      ])
      const scattered = {
        ...largeSample,
        nodes: Object.fromEntries(nodes) as typeof largeSample.nodes,
        groups: { office: { ...record, name: 'office' } },
      }
      const drawing = straighten(await layOut(pictureOf(scattered)))
      expect(overlapsOf(drawing)).toEqual([])
      expect(crossedFigures(drawing)).toEqual([])
    }
  })
})
