import { buildGraph, check, compileGraph, defineState, END, hasErrors, type Workflow } from '@waystone/core'
import { z } from 'zod'
import { repeat, scaled, type Measure } from '../measure.ts'
import { median } from '../statistics.ts'

/** Nodes of one loop. */
const loopLength = 10

/** From definition to machine: build, check with bounds, compile. */
export const thousandNodes: Measure = {
  name: 'thousand-nodes',
  async run(effort) {
    const size = scaled(1_000, effort)
    const times = await repeat(effort, async () => checkAndCompile(defineChain(size)))
    return [
      {
        name: 'check and compile 1,000 nodes',
        unit: 'ms',
        value: median(times),
        target: { is: 'at most', value: 300 },
        rounds: times,
        note: 'graph and hashes, all rules, the bounds, the machine that runs use; a new workflow each time',
      },
    ]
  },
}

/** @returns ms */
function checkAndCompile(workflow: Workflow<never>): number {
  const beganAt = performance.now()
  const built = buildGraph(workflow)
  const report = check(built)
  const { index } = compileGraph(built)
  const elapsed = performance.now() - beganAt
  if (hasErrors(report) || index.edges.size < loopLength)
    throw new RangeError(`the chain of nodes should have no errors: ${report.findings[0]?.message}`)
  return elapsed
}

/** A chain of loops: every tenth node leads on, or at most twice back to the start of its ten. */
function defineChain(size: number): Workflow<never> {
  const w = defineState({ count: z.number(), text: z.string() })
  const isSmall = w.guard('isSmall', ['count'], ({ count }) => count < 10)
  const defineTask = () =>
    w.task({ effect: 'pure', reads: ['count', 'text'], writes: ['text'], run: ({ state }) => ({ text: state.text }) })
  const first = defineTask()
  const n = w.nodes({
    ...Object.fromEntries(Array.from({ length: size }, (_, index) => [`n${index}`, defineTask()])),
    n0: first,
  })
  const target = (index: number): (typeof n)['n0'] | typeof END => n[`n${index}` as 'n0'] ?? END
  const edgesOf = (index: number) => {
    const next = target(index + 1)
    if (index % loopLength !== loopLength - 1) return { done: next }
    return { done: [{ when: isSmall, to: target(index - loopLength + 1), limit: 2 }, next] }
  }
  return w.workflow('chain', {
    input: z.object({ count: z.number(), text: z.string() }),
    output: ['text'],
    nodes: n,
    start: n.n0,
    // The names are made here, so the table's type can only be that of one node.
    edges: Object.fromEntries(Array.from({ length: size }, (_, index) => [`n${index}`, edgesOf(index)])) as {
      n0: ReturnType<typeof edgesOf>
    },
  }) as unknown as Workflow<never>
}
