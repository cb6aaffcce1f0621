import type { Acceptance, CompiledWorkflow, Request, Run } from '@waystone/core'
import type { SeededRandom } from '../random/seeded-random.ts'
import { factsOf, namesAround, partsOf } from './oracle/parts.ts'
import type { RunFacts } from './oracle/run-facts.ts'
import type { Host, SimulatedWorld } from './world.ts'

/** Operators who send runs elsewhere, and persons who ask, answer and take back what is remembered. */
export class Operators {
  readonly #world: SimulatedWorld
  readonly #random: SeededRandom

  constructor(world: SimulatedWorld) {
    this.#world = world
    this.#random = world.random.branch('operators')
  }

  /** Acts as long as the weather is bad. */
  plan(): void {
    const { timeline, chaos } = this.#world
    const act = (): void => {
      if (!chaos.isOn) return
      this.#act()
      timeline.in(this.#random.integer(100, 1_500), null, act)
    }
    timeline.in(200, null, act)
  }

  #act(): void {
    const open = this.#world.oracle.known().filter(({ context }) => context.ending === null)
    if (open.length === 0) return
    const facts = this.#random.pick(open)
    if (facts.context.held?.broken !== undefined && this.#random.chance(0.6)) return this.#mend(facts)
    const drawn = this.#random.next()
    if (drawn < 0.35) this.#redirect(facts)
    else if (drawn < 0.5) this.#patchHeld(facts)
    else if (drawn < 0.8) this.#talk(facts)
    else this.#revoke(facts)
  }

  /** Somebody says yes to what stands there now. */
  #mend(facts: RunFacts): void {
    this.#through(facts, async (run) => {
      const request = (await run.requests()).find(({ node }) => node === 'manager')
      if (request === undefined) return await run.redirect({ to: 'manager', by: 'operator', reason: 'as simulated' })
      return await run.decide(request, { outcome: 'approved', by: 'ann' })
    })
  }

  #redirect(facts: RunFacts): void {
    const { spec, path } = this.#workflowOf(facts)
    const nodes = Object.values(spec.graph.nodes)
    const likely = nodes.filter(({ isRedirectable }) => isRedirectable === true)
    const to = `${path}${this.#random.pick(this.#random.chance(0.9) && likely.length > 0 ? likely : nodes).id}`
    const override = this.#random.chance(0.2) ? { override: Object.keys(facts.spec.graph.tools) } : {}
    this.#through(facts, async (run) => {
      const acceptance = await run.redirect({ to, by: 'operator', reason: 'as simulated', ...override })
      if (acceptance.type === 'refused') this.#world.coverage.count(`redirect refused: ${acceptance.reason}`)
      return acceptance
    })
  }

  /** The run's own, or where nodes may be redirected to in what is nested in it, now and then that. @returns `path`: empty, or of what holds it */
  #workflowOf(facts: RunFacts): { readonly spec: CompiledWorkflow; readonly path: string } {
    const own = { spec: facts.spec, path: '' }
    const nested = partsOf(facts.context).flatMap((part) => {
      const { spec } = factsOf(facts, part)
      const isOpen = part.holder !== null && hasRedirectable(spec)
      return isOpen ? [{ spec, path: `${namesAround(part).join('/')}/` }] : []
    })
    return nested.length > 0 && this.#random.chance(0.4) ? this.#random.pick(nested) : own
  }

  /** Nothing begins meanwhile, so a patch may break a policy. */
  #patchHeld(facts: RunFacts): void {
    const { held, open } = facts.context
    const isApproved = Object.values(open).some(({ node }) => node === 'pack')
    if (held === null && !isApproved) return
    const move = { by: 'operator', reason: 'as simulated' }
    const state = { ticket: `T${this.#random.integer(10, 99)}` }
    this.#through(facts, async (run) => {
      if (held === null) this.#world.oracle.accepted(facts.runId, await run.hold(move))
      return await run.patch({ ...move, state })
    })
  }

  #talk(facts: RunFacts): void {
    const isAnswer = this.#random.chance(0.5)
    this.#through(facts, async (run) => {
      const requests = await run.requests()
      const [request] = this.#random.shuffle(requests)
      if (request === undefined) return null
      return isAnswer ? this.#answer(run, request) : run.ask(request, { question: 'what is it for?', by: 'ben' })
    })
  }

  #answer(run: Run, request: Request): Promise<Acceptance> {
    const open = request.questions.find(({ number, answer }) => number !== null && answer === null)
    const question = open?.number ?? 1
    return run.answer(request, { question, answer: 'for the school', by: 'ann' })
  }

  #revoke(facts: RunFacts): void {
    this.#through(facts, async (run, { runtime }) => {
      const [rule] = this.#random.shuffle((await run.rules()).filter(({ revoked }) => revoked === null))
      if (rule === undefined) return null
      await runtime.revokeRule(rule.id, { by: 'operator', reason: 'as simulated' })
      return null
    })
  }

  #through(facts: RunFacts, act: (run: Run, host: Host) => Promise<Acceptance | null>): void {
    const hosts = this.#world.running()
    if (hosts.length === 0) return
    const host = this.#random.pick(hosts)
    const doing = async (): Promise<void> => {
      const acceptance = await act(await host.runtime.open(facts.runId), host)
      if (acceptance !== null) this.#world.oracle.accepted(facts.runId, acceptance)
    }
    this.#world.timeline.in(0, host.process, () => {
      doing().catch((error: unknown) => this.#world.judge(error, 'an operator acted'))
    })
  }
}

/** True for a workflow into which operators may redirect runs. */
export function hasRedirectable({ graph }: CompiledWorkflow): boolean {
  return Object.values(graph.nodes).some(({ isRedirectable }) => isRedirectable === true)
}
