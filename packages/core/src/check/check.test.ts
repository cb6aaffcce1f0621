import { describe, expect, it } from 'vitest'
import { randomGraph } from '../../test/graphs/random-graph.ts'
import { check } from './check.ts'

describe('check', () => {
  it('has no error for 200 random graphs that are valid by construction', () => {
    for (let seed = 0; seed < 200; seed++) {
      const graph = randomGraph(seed, { limits: seed % 2 === 0 })
      const { findings } = check({ graph })
      expect(
        findings.filter((finding) => finding.severity === 'error'),
        graph.name,
      ).toEqual([])
    }
  })
})
