import { describe, expect, it } from 'vitest'
import type { Figure } from './measure.ts'
import { jsonReport, textReport, type Circumstances } from './report.ts'

const quiet: Circumstances = { node: 'v24.0.0', processor: 'a processor', cores: 2, load: [0.5, 1], isQuick: false }

const figures: readonly Figure[] = [
  {
    name: 'one run, process',
    unit: 'steps/s',
    value: 21_000,
    target: { is: 'at least', value: 20_000 },
    floor: { name: 'insert per step', value: 84_000 },
    ratio: { value: 0.25, target: { is: 'at least', value: 0.35 } },
    rounds: [20_000, 21_000, 22_000],
    note: 'a note',
  },
  {
    name: 'import of core',
    unit: 'ms',
    value: 55.25,
    target: { is: 'at most', value: 100, stretch: 60 },
    rounds: [50, 55.25, 80],
  },
]

describe('textReport', () => {
  it('shows what was reached beside targets, floor and what others reached', () => {
    expect(textReport(figures, quiet)).toMatchInlineSnapshot(`
      "Node v24.0.0, a processor, 2 cores, load 0.5 to 1

                               reached      target            floor          ratio  best to worst round
      one run, process  21,000 steps/s    ≥ 20,000   missed  84,000  0.25 (≥ 0.35)     22,000 to 20,000
      import of core           55.3 ms  ≤ 100 (60)  stretch                                    50 to 80

      Warm medians. "Reported earlier" was taken before, on like hardware: LangGraph.js 1.4.18, Mastra 1.71 (keeps no history of steps), XState 5 keeping each snapshot.
        one run, process: floor: insert per step; a note; reported earlier: LangGraph.js 1,150 · Mastra 5,860 · plain XState 18,010
        import of core: reported earlier: LangGraph.js 242 ms · Mastra 410 ms · plain XState 6.5 ms
      "
    `)
  })

  it('says when the machine was busy, or the run a quick one', () => {
    const text = textReport([], { ...quiet, load: [0.5, 3], isQuick: true })
    expect(text).toContain('busy with other work')
    expect(text).toContain('Quick')
  })
})

describe('jsonReport', () => {
  it('holds every figure with its verdict', () => {
    const { figures: judged } = JSON.parse(jsonReport(figures, quiet)) as { figures: { verdict: string }[] }
    expect(judged.map(({ verdict }) => verdict)).toEqual(['missed', 'stretch'])
  })
})
