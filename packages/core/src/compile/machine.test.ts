import { describe, expect, it } from 'vitest'
import { createActor, fromPromise, initialTransition, transition, type AnyStateMachine } from 'xstate'
import { getShortestPaths } from 'xstate/graph'
import { answer, calls, compileFixture, HandRun, throughText } from '../../test/engine/hand-run.ts'
import { createEndScript, runLive } from '../../test/engine/live-machine.ts'
import { driveRandomly, randomInput } from '../../test/engine/random-script.ts'
import { readNodes, readStates, readTransitions } from '../../test/engine/read-machine.ts'
import type { GraphNotation } from '../../test/graphs/graph-fixture.ts'
import { randomGraph } from '../../test/graphs/random-graph.ts'
import { randomSource } from '../../test/graphs/random-source.ts'
import { rootsOf, subjectOf, walkFrom } from '../check/moves.ts'
import { defineState } from '../define/state.ts'
import { buildGraph } from '../graph/build.ts'
import { personTarget, type Graph } from '../graph/graph.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { CompiledWorkflow } from './compiled-workflow.ts'
import type { MachineEvent } from './machine-event.ts'
import { openStep } from './steps.ts'

const seeds = Array.from({ length: 200 }, (_, seed) => seed)

function graphOf(seed: number): Graph {
  return randomGraph(seed, { limits: seed % 2 === 1 })
}

describe('the compiled machine', () => {
  it('has a state for every node and a transition for every edge, and no others (G4)', () => {
    for (const seed of seeds) {
      const graph = graphOf(seed)
      const { machine } = compileFixture(graph)
      expect(readNodes(machine)).toEqual(Object.keys(graph.nodes))
      const leaving = readTransitions(machine).filter(
        ({ taken }) => taken !== null && !isInner(taken) && !isGenerated(taken),
      )
      const read = new Set(leaving.map(({ from, taken, to }) => `${from} ${taken} ${to}`))
      const declared = graph.edges
        .filter(({ to }) => to !== personTarget)
        .flatMap((edge) => [
          `${edge.from} ${edge.id} ${edge.to}`,
          ...(edge.otherwise === null ? [] : [`${edge.from} ${edge.id}:otherwise ${edge.otherwise}`]),
        ])
      expect(read).toEqual(new Set(declared))
    }
  })

  it('lists the edges of an outcome by their priority, under done and error alike', () => {
    for (const seed of seeds.slice(0, 50)) {
      const graph = graphOf(seed)
      for (const node of Object.keys(graph.nodes)) {
        const list = readTransitions(compileFixture(graph).machine).filter(({ from }) => from === node)
        const [done, error] = ['done', 'error'].map((kind) =>
          list.filter(({ event }) => event === `xstate.${kind}.actor.${node}`).map(({ taken }) => taken),
        )
        expect(error).toEqual(done)
        const ids = (done ?? []).filter((taken) => graph.edges.some(({ id }) => id === taken))
        const ordered = [...ids].toSorted((left, right) => indexOf(graph, left) - indexOf(graph, right))
        const byOutcome = (list: readonly (string | null)[]): unknown => Map.groupBy(list, (id) => id?.split('.')[1])
        expect(byOutcome(ids)).toEqual(byOutcome(ordered))
      }
    }
  })

  it('re-enters on every way out of a node, matches no event by wildcard, and has no transition that takes itself', () => {
    for (const seed of seeds.slice(0, 50)) {
      const { machine } = compileFixture(graphOf(seed))
      for (const { event, to, isReentering } of readTransitions(machine)) {
        expect([event.includes('*'), to === null || isReentering]).toEqual([false, true])
      }
      for (const state of readStates(machine)) expect(state.always ?? []).toEqual([])
    }
  })

  it('has logic for every actor it names, so that none is missed in silence', () => {
    for (const seed of seeds.slice(0, 50)) {
      const { machine } = compileFixture(graphOf(seed))
      const named = readStates(machine).flatMap((state) => state.invoke.map(({ src }) => src as string))
      expect(named.length).toBeGreaterThan(0)
      for (const name of named) expect(machine.implementations.actors).toHaveProperty([name])
    }
  })

  it('survives as data, for the tools that draw it', () => {
    const graph = graphOf(3)
    const { machine } = compileFixture(graph)
    for (const given of [machine.definition, machine.toJSON()]) {
      const data = JSON.parse(JSON.stringify(given)) as {
        readonly id: string
        readonly states: object
        readonly initial: unknown
      }
      expect(data.id).toBe(graph.name)
      expect(Object.keys(data.states)).toEqual([
        ...Object.keys(graph.nodes),
        ':end',
        ':fail',
        ':exhausted',
        ':cancelled',
      ])
      expect(JSON.stringify(data.initial)).toContain(graph.start)
    }
  })

  it('shows guards and limits of edges as parameters, for people', () => {
    const { machine } = compileFixture({
      nodes: { a: 'task', b: 'task' },
      edges: { a: { done: [{ to: 'a', when: '!tired', limit: { max: 2, per: 'b' } }, 'b'] }, b: { done: ':end' } },
    })
    const list = machine.root.states['a']?.transitions.get('xstate.done.actor.a') ?? []
    expect(list.map(({ guard }) => (guard as { readonly params: unknown }).params)).toContainEqual({
      transition: 'a.done.0',
      when: '!tired',
      limit: 'at most 2 per b',
    })
  })
})

function isInner(taken: string): boolean {
  return /^[^.]+:(?:tools|model|repair|retry|item|person)$/.test(taken)
}

function isGenerated(taken: string): boolean {
  return [':no-route', ':guard-error', 'limits.exhausted'].includes(taken)
}

function indexOf(graph: Graph, id: string | null): number {
  return graph.edges.find((edge) => edge.id === id)?.index ?? -1
}

describe('the same script', { timeout: 60_000 }, () => {
  it('takes the same nodes and edges through plan and through plain createActor (G4)', async () => {
    let [edges, asked] = [0, 0]
    for (const seed of seeds) {
      const compiled = compileFixture(graphOf(seed))
      const input = randomInput(randomSource(seed))
      const live = await runLive(compiled, input, createEndScript(seed))
      const run = new HandRun(compiled)
      run.start(input)
      const script = createEndScript(seed)
      while (run.context.ending === null) {
        const opened = Object.entries(run.context.open)
        const [index, step] = opened.find(([, { kind }]) => kind === 'call') ?? opened[0] ?? []
        const record = compiled.graph.nodes[step?.node ?? '']
        if (index === undefined || step === undefined || record === undefined) break
        if (step.kind === 'approval' && step.callId !== undefined) {
          run.decide(Number(index), 'approved')
          asked += 1
          continue
        }
        const end = step.kind === 'call' ? { outcome: 'done', result: 1 } : script.next(record, run.state)
        if (end === undefined) break
        const { outcome, ...more } = end
        if (step.kind === 'approval') run.decide(Number(index), outcome)
        else run.end(Number(index), outcome, more)
      }
      expect(live.taken).toEqual(run.taken)
      expect(live.value).toEqual(run.snapshot.value)
      expect(live.isDone).toBe(run.context.ending !== null)
      const { state, visits, taken, steps } = run.context
      expect({ state, visits, taken, steps }).toEqual({
        state: live.context.state,
        visits: live.context.visits,
        taken: live.context.taken,
        steps: live.context.steps,
      })
      edges += live.taken.length
    }
    expect(edges).toBeGreaterThan(700)
    expect(asked).toBeGreaterThan(20)
  })

  it("moves the runner as XState's public transition does", () => {
    let moves = 0
    for (const seed of seeds) {
      const compiled = compileFixture(graphOf(seed))
      const { machine, runner } = compiled
      const checked: CompiledWorkflow = {
        ...compiled,
        runner: {
          inner: new Set(),
          begin: (input) => {
            const [snapshot] = initialTransition(machine, input)
            const own = runner.begin(input)
            expect(atRest(snapshot)).toBe(atRest(own))
            return own
          },
          move: (snapshot, event) => {
            const [next] = transition(machine, machine.resolveState(snapshot), event)
            const own = runner.move(snapshot, event)
            expect(atRest(next)).toBe(atRest(own))
            moves += 1
            return own
          },
        },
      }
      driveRandomly(new HandRun(checked), seed, { most: 25 })
    }
    expect(moves).toBeGreaterThan(1000)
  })

  it('goes on from a snapshot that has been text between any two events', () => {
    // A HandRun plans every event again over what was read back, and compares.
    for (const seed of seeds.slice(0, 40)) {
      const run = driveRandomly(new HandRun(compileFixture(graphOf(seed))), seed + 31)
      expect(JSON.stringify(throughText(run.snapshot))).toBe(JSON.stringify(run.snapshot))
    }
  })
})

function atRest({ value, context }: { readonly value: unknown; readonly context: unknown }): string {
  return JSON.stringify({ value, context })
}

describe('xstate/graph', () => {
  it('finds every end of a graph, with guards that choose as the event says', () => {
    for (const seed of seeds.slice(0, 60)) {
      const graph = randomGraph(seed)
      const ends = pathEnds(compileFixture(graph).machine)
      const reached = walkFrom(subjectOf(graph), rootsOf(subjectOf(graph))).reached
      expect(ends).toEqual(
        new Set(
          [...reached]
            .filter((target) => target === ':end' || target === ':fail')
            .map((target) => JSON.stringify(target)),
        ),
      )
    }
  })
})

/** Final states at the end of XState's own shortest paths. */
function pathEnds(machine: AnyStateMachine): ReadonlySet<string> {
  const list = readTransitions(machine).filter(
    ({ taken, event }) => taken !== null && !isInner(taken) && !isGenerated(taken) && event.includes('.done.'),
  )
  const events = list.map(({ event, taken }) => ({ type: event, choice: taken }))
  const nothing = (): void => undefined
  const forced = machine.provide({
    actions: Object.fromEntries(list.map(({ taken }) => [`take:${taken}`, nothing])),
    guards: {
      chosen: ({ event }: { event: { choice?: string } }, { transition: name }: { transition: string }) =>
        event.choice === name,
    },
  })
  const paths = getShortestPaths(forced, {
    events,
    input: { state: {} },
    serializeState: (snapshot) => JSON.stringify((snapshot as unknown as Snapshot).value),
    limit: 1e6,
  } as Parameters<typeof getShortestPaths>[1])
  return new Set(
    paths
      .filter(({ state }) => state.status === 'done')
      .map(({ state }) => JSON.stringify((state as unknown as Snapshot).value)),
  )
}

describe('traps of XState', () => {
  const self: GraphNotation = { nodes: { a: 'task' }, edges: { a: { done: { to: 'a', limit: 2, otherwise: ':end' } } } }

  it('a self loop starts its node again, in plan and live', async () => {
    const run = new HandRun(compileFixture(self))
    run.start()
    run.end(0)
    expect(run.last.commands).toEqual([{ type: 'effect', step: 1, node: 'a', kind: 'task', attempt: 1 }])
    const live = await runLive(run.compiled, {}, { next: () => ({ outcome: 'done' }) })
    expect(live.inputs.map(({ stepIndex }) => stepIndex)).toEqual([0, 1, 2])
    expect(live.value).toBe(':end')
  })

  it('the input of an actor names the step that its entry has opened', async () => {
    const compiled = compileFixture({
      nodes: { a: { kind: 'agent', tools: ['t'] }, b: 'task' },
      edges: { a: { done: 'b' }, b: { done: ':end' } },
    })
    const ends = [
      { outcome: 'done', ...calls(['c1', 't'], ['c2', 't']) },
      { outcome: 'done', ...answer() },
      { outcome: 'done' },
    ]
    const live = await runLive(compiled, {}, { next: () => ends.shift() })
    expect(live.inputs.map(({ node, stepIndex }) => `${node} ${stepIndex}`)).toEqual(['a 0', 'a 2', 'a 3', 'b 4'])
  })

  it('an actor that throws takes the edge of failed, live', async () => {
    const compiled = compileFixture({
      nodes: { a: { kind: 'task', effect: 'pure' }, b: 'task' },
      edges: { a: { done: ':end', failed: 'b' }, b: { done: ':end' } },
    })
    const live = await runLive(
      compiled,
      {},
      {
        next: (record) => {
          if (record.id === 'a') throw new RangeError('broken')
          return { outcome: 'done' }
        },
      },
    )
    expect(live.taken).toEqual(['a.failed', 'b.done'])
  })

  it('an actor that fails after its node was left does no harm', async () => {
    let fail = (_error: Error): void => undefined
    const { machine } = compileFixture({ nodes: { a: 'task' }, edges: { a: { done: ':end' } } })
    const late = fromPromise(() => new Promise<never>((_, reject) => void (fail = reject)))
    const actor = createActor(machine.provide({ actors: { a: late } }), { input: { state: {} } })
    actor.start()
    actor.send({ type: 'waystone.cancel' })
    fail(new RangeError('late'))
    await new Promise((resolve) => void setImmediate(resolve))
    expect(actor.getSnapshot()).toMatchObject({ status: 'done', value: ':cancelled' })
  })

  it('a machine without actors provided waits and does not throw', () => {
    const actor = createActor(compileFixture(self).machine, { input: { state: {} } })
    actor.start()
    expect(actor.getSnapshot()).toMatchObject({ status: 'active', value: 'a' })
    actor.stop()
  })

  it('ids with dots would be paths: names with dots or colons are refused where nodes are named', () => {
    for (const name of ['a.b', 'a:b', '#a', '1a', '']) {
      const w = defineState({})
      const nodes = w.nodes({ [name]: w.task({ run: () => ({}) }) })
      const node = nodes[name]
      if (node === undefined) throw new RangeError('no node')
      const workflow = w.workflow('dotted', {
        version: 1,
        nodes,
        start: node,
        edges: { [name]: { done: node } },
      } as unknown as Parameters<typeof w.workflow>[1])
      expect(() => buildGraph(workflow)).toThrow('WAYSTONE_DEFINITION_BAD_NAME')
    }
    for (const state of readStates(compileFixture(graphOf(5)).machine).slice(1)) expect(state.id).not.toContain('.')
  })

  it('what is cancelled is told by our own ledger: after a restore XState knows no children', () => {
    const run = new HandRun(
      compileFixture({ nodes: { a: { kind: 'agent', tools: ['t'] } }, edges: { a: { done: ':end' } } }),
    )
    run.start()
    run.end(0, 'done', calls(['c1', 't'], ['c2', 't']))
    expect(run.compiled.machine.resolveState(throughText(run.snapshot)).children).toEqual({})
    run.cancel()
    expect(run.last.commands.filter(({ type }) => type === 'cancelEffect')).toEqual([
      { type: 'cancelEffect', step: 1 },
      { type: 'cancelEffect', step: 2 },
    ])
  })

  it('one event object in two contexts is decided twice; one in the same context once', () => {
    const { memo, graph, runner } = compileFixture({
      input: ['n'],
      guards: { isBig: ['n'] },
      nodes: { a: 'task', b: 'task' },
      edges: { a: { done: [{ when: 'isBig', to: ':fail' }, 'b'] }, b: { done: ':end' } },
    })
    const event: MachineEvent = { type: 'xstate.done.actor.a', output: { outcome: 'done' } }
    const [even, odd] = [2, 1].map((n) => runner.begin({ state: { n } }).context)
    const record = graph.nodes['a']
    if (even === undefined || odd === undefined || record === undefined || record.kind === 'join')
      throw new RangeError('no context')
    const first = memo.routeOf(even, event)
    expect(memo.routeOf(even, event)).toBe(first)
    expect([first?.transition, memo.routeOf(odd, event)?.transition]).toEqual(['a.done.0', 'a.done.1'])
    expect(memo.routeOf(openStep(even, record, 1), event)).not.toBe(first)
  })

  it('a transition other than the one decided is a fault of ours', () => {
    const { memo, runner } = compileFixture(self)
    const event: MachineEvent = { type: 'xstate.done.actor.a', output: { outcome: 'done' } }
    const { context } = runner.begin({ state: {} })
    expect(() => memo.take('a.done:otherwise', context, event)).toThrow(
      expect.objectContaining({
        code: 'WAYSTONE_BUG_ROUTE_MISMATCH',
        message: 'the machine took a.done:otherwise where a.done was decided',
      }),
    )
    expect(() => memo.take('a.done', context, { type: 'other' })).toThrow('where nothing was decided')
  })
})
