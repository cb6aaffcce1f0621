import { describe, expect, it } from 'vitest'
import type { GraphNotation } from '../../test/graphs/graph-fixture.ts'
import { runRule } from '../../test/graphs/run-rule.ts'
import { branchEntered } from './rules/branch-entered.ts'
import { branchLeaves } from './rules/branch-leaves.ts'
import { branchReturns } from './rules/branch-returns.ts'
import { forkRules } from './fork-rules.ts'
import { forkAcross } from './rules/fork-across.ts'
import { forkTooWide } from './rules/fork-too-wide.ts'
import { joinMismatch } from './rules/join-mismatch.ts'

const nodes = { plan: 'task', a: 'task', b: 'task', meet: { kind: 'join' }, last: 'task' } as const
const edges = {
  plan: { done: { fork: ['a', 'b'], join: 'meet' } },
  a: { done: 'meet' },
  b: { done: 'meet' },
  meet: { done: 'last' },
  last: { done: ':end' },
} as const

/** All fork rules. */
function structure(notation: GraphNotation): string {
  return forkRules
    .map((rule) => runRule(rule, notation))
    .filter((text) => text !== '')
    .join('\n')
}

describe('fork rules', () => {
  it('pass a fork and its join', () => {
    expect(structure({ nodes, edges })).toBe('')
  })

  it('pass a fork inside a branch, a cycle inside a branch, and edges out that say so', () => {
    const found = structure({
      nodes: {
        ...nodes,
        look: { kind: 'gate', outcomes: ['good', 'again', 'hopeless'] },
        c: 'task',
        d: 'task',
        inner: { kind: 'join', atLeast: 1 },
      },
      edges: {
        ...edges,
        a: { done: 'look' },
        look: {
          good: { fork: ['c', 'd'], join: 'inner' },
          again: { to: 'a', limit: 2, otherwise: ':fail' },
          hopeless: { to: ':end', cancelsFork: true },
        },
        c: { done: 'inner' },
        d: { done: 'inner', failed: { to: 'last', cancelsFork: true } },
        inner: { done: 'meet' },
      },
    })
    expect(found).toBe('')
  })

  it('F1: pass branches that meet before their join, fork inside towards it, or meet at a join of their own', () => {
    const shared = { ...nodes, c: 'task', d: 'task' } as const
    expect(
      structure({
        nodes: shared,
        edges: {
          ...edges,
          a: { done: { fork: ['c', 'd'], join: 'meet' } },
          b: { done: 'd' },
          c: { done: 'meet' },
          d: { done: { to: 'd', limit: 2, otherwise: 'meet' } },
        },
      }),
    ).toBe('')
    expect(
      structure({
        nodes: { ...nodes, early: { kind: 'join', atLeast: 1 }, c: 'task' },
        edges: { ...edges, a: { done: 'early' }, b: { done: 'early' }, early: { done: 'c' }, c: { done: 'meet' } },
      }),
    ).toBe('')
  })

  it('F1: refuse branches that meet where a way leads back (G3)', () => {
    const found = structure({
      nodes: { ...nodes, shared: 'task', on: { kind: 'gate', outcomes: ['good', 'again'] } },
      edges: {
        ...edges,
        a: { done: 'shared' },
        b: { done: 'on' },
        shared: { done: 'on' },
        on: { good: 'meet', again: { to: 'shared', limit: 2, otherwise: 'meet' } },
      },
    })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_BRANCHES_MEET_BEFORE_JOIN at fixture.nodes.shared
        the branches "a" and "b" both lead to "shared" and "on", before they meet at "meet", and these nodes lead back to each other, and are entered at 2 of them
        → A node where branches meet waits for all that lead to it, so no way may lead back to before it. Let each branch lead to "meet" by nodes of its own, or make what goes round a nested workflow."
    `)
  })

  it('F1: refuse branches that lead back to where they forked towards the same join, and more than 50 (G3)', () => {
    const found = structure({
      nodes: { ...nodes, c: { kind: 'gate', outcomes: ['good', 'again'] }, d: 'task' },
      edges: {
        ...edges,
        a: { done: { fork: ['c', 'd'], join: 'meet' } },
        c: { good: 'meet', again: { to: 'a', limit: 1, otherwise: 'meet' } },
        d: { done: 'meet' },
      },
    })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_BRANCHES_MEET_BEFORE_JOIN at fixture.nodes.a
        between the fork and "meet", "a" and "c" lead back to "a", which forks into them
        → A node where branches meet waits for all that lead to it, so no way may lead back to before it. Let each branch lead to "meet" by nodes of its own, or make what goes round a nested workflow."
    `)
    const row = Array.from({ length: 50 }, (_, index) => `n${index}`)
    const many = structure({
      nodes: { ...nodes, ...Object.fromEntries(row.map((name) => [name, 'task' as const])) },
      edges: {
        ...edges,
        b: { done: 'n0' },
        a: { done: 'n0' },
        ...Object.fromEntries(row.map((name, index) => [name, { done: row[index + 1] ?? 'meet' }])),
      },
    })
    expect(many).toContain('make 52 branches that wait for one another; at most 50 are allowed')
  })

  it('refuse a join on the way that has what only the join of a fork can have, or that may wait in vain (G3)', () => {
    const found = (early: object): string =>
      structure({
        nodes: { ...nodes, early: { kind: 'join', ...early }, c: 'task' },
        edges: {
          ...edges,
          a: { done: 'early' },
          b: { done: 'early' },
          early: { done: 'c', unsatisfied: 'c' },
          c: { done: 'meet' },
        },
      })
    expect(found({ deadlineMs: 10 })).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_JOIN_MISMATCH at fixture.nodes.early
        join "early" is a place where branches meet on their way to "meet": it has neither deadline nor losers, since they all go on
        → Give them to "meet", or fork into branches that join at "early"."
    `)
    expect(found({ atLeast: 2 })).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_JOIN_UNSATISFIABLE at fixture.nodes.early
        join "early" waits for 2 branches, and fewer may lead to it: guards or the way they take may leave some out
        → Give it failed: 'drop' and route unsatisfied, or wait for 'all' (of those that come) or 'any'."
    `)
    expect(found({ atLeast: 3, failed: 'drop' })).toContain('waits for 3 branches, and there are 2')
    expect(found({ atLeast: 2, failed: 'drop' })).toBe('')
  })

  it('refuse a join of branches that guards may leave out, and that may wait in vain (G3)', () => {
    const fork = { done: { fork: ['a', 'b?g'], join: 'meet' } }
    expect(
      structure({ nodes: { ...nodes, meet: { kind: 'join', atLeast: 2 } }, edges: { ...edges, plan: fork } }),
    ).toContain('fewer may lead to it')
    expect(structure({ nodes, edges: { ...edges, plan: fork } })).toBe('')
  })

  it('refuse to cancel what is no branch beside', () => {
    const found = (cancels: readonly string[]): string =>
      structure({ nodes, edges: { ...edges, a: { done: { to: 'meet', cancels } } } })
    expect(found(['b'])).toBe('')
    expect(found(['last'])).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_CANCELS_NO_BRANCH at fixture.edges.a.done
        edge a.done cancels "last", which are not all in branches beside that of "a", up to the same join; or it does not lead out of its branch, or leads into what it cancels
        → Cancel nodes of branches beside it, with an edge that ends its own branch. To end all of them, write cancelsFork: true."
    `)
    expect(found(['a'])).toContain('CANCELS_NO_BRANCH')
  })

  it('F2: refuse an edge into the middle of a branch (G3)', () => {
    const found = runRule(branchEntered, {
      nodes: { ...nodes, look: { kind: 'gate', outcomes: ['good', 'bad'] } },
      edges: {
        ...edges,
        meet: { done: 'look' },
        look: { good: 'last', bad: { to: 'b', limit: 1, otherwise: ':end' } },
      },
      limits: { steps: 9, exhausted: 'a' },
    })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_BRANCH_ENTERED_FROM_OUTSIDE at fixture.limits
        limits.exhausted leads to "a", which is in the branch of "a" and is reached by the fork that joins at "meet" alone
        → Lead to the node that forks, or to a node behind "meet".
      error WAYSTONE_DEFINITION_BRANCH_ENTERED_FROM_OUTSIDE at fixture.edges.look.bad
        edge look.bad leads to "b", which is in the branch of "b" and is reached by the fork that joins at "meet" alone
        → Lead to the node that forks, or to a node behind "meet"."
    `)
  })

  it('F3: refuse an edge out of a branch that does not say so (G3)', () => {
    const found = runRule(branchLeaves, { nodes, edges: { ...edges, a: { done: ':end' } } })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_BRANCH_LEAVES_FORK at fixture.edges.a.done
        edge a.done leads to END and out of the branch of "a", while other branches go on
        → Lead to "meet" instead, or write cancelsFork: true to end the other branches."
    `)
  })

  it('F4: refuse a branch that leads back to before its fork (G3)', () => {
    const found = runRule(branchReturns, {
      nodes: { ...nodes, look: { kind: 'gate', outcomes: ['good', 'bad'] } },
      edges: {
        ...edges,
        a: { done: 'look' },
        look: { good: 'meet', bad: { to: 'plan', limit: 1, otherwise: 'meet' } },
      },
    })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_BRANCH_RETURNS_BEFORE_FORK at fixture.edges.plan.done
        the branch of "a" leads back to "plan", which forks into it
        → Lead to "meet", and go back from there; or mark the edge back with cancelsFork: true."
    `)
  })

  it('F5: refuse a join that someone else leads to, whose parent can be skipped (G3)', () => {
    const found = runRule(joinMismatch, {
      nodes: { ...nodes, look: { kind: 'gate', outcomes: ['fork', 'skip'] } },
      edges: { ...edges, look: { fork: 'plan', skip: 'meet' } },
      start: 'look',
    })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_JOIN_MISMATCH at fixture.edges.look.skip
        edge look.skip leads to join "meet" from "look", which is in none of its branches
        → Branches of "plan.done" join here; lead elsewhere."
    `)
  })

  it('F5: refuse a join without fork, and forks with different branches in one join (G3)', () => {
    const found = runRule(joinMismatch, {
      nodes: { ...nodes, look: { kind: 'gate', outcomes: ['all', 'one'] }, lone: { kind: 'join' } },
      edges: {
        ...edges,
        look: { all: 'plan', one: { fork: ['a'], join: 'meet' } },
        lone: { done: ':end' },
      },
      start: 'look',
    })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_JOIN_MISMATCH at fixture.edges.look.one
        edge look.one forks into "a" and joins at "meet", where plan.done forks into "a" and "b"
        → Give each set of branches a join of its own, or name the same ones in the same order.
      error WAYSTONE_DEFINITION_JOIN_MISMATCH at fixture.nodes.lone
        no edge forks into branches that join at "lone"
        → Fork with { fork: [n.one, n.other], join: n.lone }, or take the join out."
    `)
  })

  it('F5: refuse a join that nobody can satisfy (G3, R6)', () => {
    const tooMany = runRule(joinMismatch, { nodes: { ...nodes, meet: { kind: 'join', atLeast: 3 } }, edges })
    const neverThere = runRule(joinMismatch, {
      nodes,
      edges: { ...edges, a: { done: { to: 'last', cancelsFork: true } } },
    })
    expect([tooMany, neverThere].join('\n')).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_JOIN_UNSATISFIABLE at fixture.nodes.meet
        join "meet" waits for 3 branches, and there are 2
        → Wait for 1 to 2, or for all.
      error WAYSTONE_DEFINITION_JOIN_UNSATISFIABLE at fixture.nodes.meet
        the branch of "a" never reaches join "meet"
        → Lead it to "meet", or take it out of the fork."
    `)
  })

  it('F6: refuse a fork in one branch that joins in another (G3)', () => {
    const found = runRule(forkAcross, {
      nodes: { ...nodes, split: { kind: 'gate', outcomes: ['in', 'out'] }, c: 'task', inner: { kind: 'join' } },
      edges: {
        ...edges,
        split: { in: 'plan', out: { fork: ['c'], join: 'inner' } },
        a: { done: { fork: ['c'], join: 'inner' } },
        c: { done: 'inner' },
        inner: { done: 'meet' },
      },
      start: 'split',
    })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_FORK_ACROSS_BRANCHES at fixture.edges.split.out
        edge split.out forks in no branch and joins at "inner", which is in the branch of "a"
        → Join in the branch that forked."
    `)
  })

  it('F7: refuse more than 64 branches (G3)', () => {
    const names = Array.from({ length: 65 }, (_, index) => `b${index}`)
    const found = runRule(forkTooWide, {
      nodes: { plan: 'task', ...Object.fromEntries(names.map((name) => [name, 'task'])), meet: { kind: 'join' } },
      edges: {
        plan: { done: { fork: names, join: 'meet' } },
        ...Object.fromEntries(names.map((name) => [name, { done: 'meet' }])),
        meet: { done: ':end' },
      },
    })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_FORK_TOO_WIDE at fixture.edges.plan.done
        edge plan.done forks into 65 branches; at most 64 are allowed
        → Use a map over a list for work that is alike, or fork inside branches."
    `)
  })
})
