import { describe, expect, it } from 'vitest'
import { compileFixture, HandRun } from '../../../test/engine/hand-run.ts'
import { driveRandomly } from '../../../test/engine/random-script.ts'
import type { GraphNotation } from '../../../test/graphs/graph-fixture.ts'
import { randomGraph } from '../../../test/graphs/random-graph.ts'
import { runRule } from '../../../test/graphs/run-rule.ts'
import type { PolicyRecord } from '../../graph/graph.ts'
import { subjectOf } from '../moves.ts'
import { policies } from './policies.ts'
import { runnersOf } from './runners.ts'

const seeds = Array.from({ length: process.env['WAYSTONE_LONG'] === '1' ? 3000 : 60 }, (_, seed) => seed)

/** `boss` and `look` run beside each other; `pay` comes behind their join. */
function asked(join: object, more: Partial<GraphNotation['nodes']> = {}): GraphNotation {
  return {
    tools: { pay: 'unsafe' },
    input: ['amount'],
    nodes: {
      plan: 'task',
      boss: { kind: 'approval', show: ['amount'] },
      look: 'task',
      meet: { kind: 'join', ...join },
      pay: 'tool',
      ...more,
    },
    edges: {
      plan: { done: { fork: ['boss', 'look'], join: 'meet' } },
      boss: { approved: 'meet', rejected: { to: ':end', cancelsFork: true } },
      look: { done: 'meet' },
      meet: { done: 'pay', ...('deadlineMs' in join && { deadline: 'pay' }) },
      pay: { done: ':end' },
    },
    policies: [{ never: 'pay', without: 'boss.approved' }],
  }
}

describe('policies across forks', { timeout: 300_000 }, () => {
  it('count what a branch crossed that has certainly joined', () => {
    expect(runRule(policies, asked({}))).toBe('')
  })

  it('do not count it when the join may fire without that branch', () => {
    expect(runRule(policies, asked({ atLeast: 1 }))).toContain('can run without boss.approved')
    expect(runRule(policies, asked({ deadlineMs: 1000 }))).toContain('plan.done → meet.deadline → pay')
  })

  it('do not count it when a branch beside it may undo it', () => {
    const found = runRule(policies, asked({}, { look: { kind: 'task', writes: ['amount'] } }))
    expect(found).toContain('a branch that joins at "meet" may undo it meanwhile')
  })

  it('do not count in one branch what another one crosses (G3)', () => {
    const notation = asked({})
    const found = runRule(policies, {
      ...notation,
      edges: { ...notation.edges, look: { done: 'pay' }, pay: { done: 'meet' }, meet: { done: ':end' } },
    })
    expect(found).toContain('can run without boss.approved: plan.done → look.done → pay')
  })

  it('count a crossing before the fork for one branch, not for two', () => {
    const nodes = { boss: 'approval', a: { kind: 'tool', tool: 'pay' }, b: 'task', meet: { kind: 'join' } } as const
    const edges = {
      boss: { approved: { fork: ['a', 'b'], join: 'meet' }, rejected: ':end' },
      a: { done: 'meet' },
      b: { done: 'meet' },
      meet: { done: ':end' },
    } as const
    const rest = { edges, tools: { pay: 'unsafe' }, policies: [{ never: 'pay', without: 'boss.approved' }] } as const
    expect(runRule(policies, { nodes, ...rest })).toBe('')
    const both = runRule(policies, { nodes: { ...nodes, b: { kind: 'tool', tool: 'pay' } }, ...rest })
    expect(both).toContain('a branch that joins at "meet" may undo it meanwhile')
  })

  it('are broken by no run when they are proven', () => {
    const count = { proven: 0, refused: 0, confirmed: 0 }
    const broken: string[] = []
    for (const seed of seeds) {
      const kinds = ['agent', 'tool', 'gate', 'approval', 'task', 'wait'] as const
      const graph = randomGraph(seed, { nodes: 1 + (seed % 3), forks: true, ...(seed % 3 === 0 && { kinds }) })
      const runs = Array.from({ length: 4 }, (_, draw) =>
        driveRandomly(new HandRun(compileFixture(graph)), seed * 10 + draw, { isRough: draw % 2 === 0 }),
      )
      for (const policy of policiesOf(graph)) {
        const isRefused = policies(subjectOf({ ...graph, policies: [policy] }), {}).length > 0
        const breach = runs.some((run) => breaks(run, policy))
        if (isRefused) {
          count.refused += 1
          if (breach) count.confirmed += 1
        } else {
          count.proven += 1
          if (breach) broken.push(`${graph.name} ${policy.never} ${policy.without.node}.${policy.without.outcome}`)
        }
      }
    }
    expect(broken).toEqual([])
    expect(count.proven).toBeGreaterThan(seeds.length / 4)
    expect(count.confirmed).toBeGreaterThan(seeds.length / 4)
  })
})

/** A policy that names node and outcome. */
type ForkPolicy = PolicyRecord & { readonly without: { readonly node: string; readonly outcome: string } }

function policiesOf(graph: ReturnType<typeof randomGraph>): readonly ForkPolicy[] {
  const crossed = Object.values(graph.nodes).filter(({ kind }) => kind === 'approval' || kind === 'gate')
  return ['t0', 't1', 't2']
    .filter((tool) => runnersOf(graph, tool).length > 0)
    .flatMap((never) =>
      crossed.map((node) => ({
        never,
        without: { node: node.id, outcome: node.outcomes[0] ?? '' },
        given: null,
        place: { path: 'policy' },
      })),
    )
}

/** Whether a tool was started in a run against a policy. */
function breaks({ checkpoints, snapshots, compiled }: HandRun, { never, without }: ForkPolicy): boolean {
  const { nodes } = compiled.graph
  const shown = nodes[without.node]?.reads ?? []
  let isCleared = false
  for (const [sequence, { event, decision }] of checkpoints.entries()) {
    const patch = event.type === 'effect.ended' || event.type === 'request.decided' ? (event.payload.patch ?? {}) : {}
    if (decision !== null && Object.keys(patch).some((key) => shown.includes(key))) isCleared = false
    for (let one = decision; one !== null; one = one.next ?? null)
      if (one.node === without.node && one.outcome === without.outcome && one.to !== null) isCleared = true
    const before = snapshots[sequence - 1]?.context.open ?? {}
    const opened = Object.entries(snapshots[sequence]?.context.open ?? {}).filter(
      ([index]) => before[index] === undefined,
    )
    for (const [, open] of opened) {
      const record = nodes[open.node]
      const tool = open.kind === 'call' ? open.tool : record?.kind === 'tool' ? record.tool : undefined
      if (tool !== never) continue
      if (!isCleared) return true
      isCleared = false
    }
  }
  return false
}
