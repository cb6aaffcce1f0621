import { boundNames, type CheckReport } from '../../src/check/report.ts'

/** The worst case of a run where it is known, a line an amount: by the graph, and with limits. */
export function boundsText({ bounds }: CheckReport): string {
  return boundNames
    .flatMap((name) => {
      const { graph, limited } = bounds[name]
      return graph.max === null && limited.max === null ? [] : `${name}: ${graph.max ?? '?'} / ${limited.max ?? '?'}`
    })
    .join('\n')
}
