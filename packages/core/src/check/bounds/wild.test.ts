import { describe, expect, it } from 'vitest'
import { exhaustiveWalk } from '../../../test/graphs/exhaustive-walk.ts'
import { wildGraph } from '../../../test/graphs/wild-graph.ts'
import { check } from '../check.ts'
describe('wild', () => {
  it('x', () => {
    const ratios: number[] = []
    let refused = 0,
      wrong = 0,
      unreach = 0,
      bad: string[] = []
    for (let seed = 0; seed < 20000; seed++) {
      const graph = wildGraph(seed, { otherwise: 'end' })
      const exact = exhaustiveWalk(graph, () => 1)
      const report = check({ graph })
      if (exact === null) {
        console.log('null')
        continue
      }
      if (report.findings.some((f) => f.code.endsWith('UNREACHABLE'))) {
        unreach++
        continue
      }
      const cyc = report.findings.some((f) => f.code.endsWith('UNLIMITED_CYCLE'))
      if (cyc) {
        refused++
        if (exact !== Infinity) {
          wrong++
          bad.push(graph.name)
        }
        continue
      }
      const bound = report.bounds.steps.graph.max
      expect(bound, graph.name).toBeGreaterThanOrEqual(exact)
      ratios.push((bound ?? Infinity) / exact)
    }
    const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length
    const isExact = ratios.filter((ratio) => ratio === 1).length / ratios.length
    console.log({
      unreach,
      refused,
      wrong,
      bad: bad.slice(0, 5),
      mean,
      isExact,
      n: ratios.length,
      max: Math.max(...ratios),
    })
  })
})
