import type { Acceptance, DecisionInput, Json, Request, Run } from '@waystone/core'
import type { SeededRandom } from '../random/seeded-random.ts'
import { keptKeys } from './oracle/groups.ts'
import type { RunFacts } from './oracle/run-facts.ts'
import { operatorsMark } from './workflows/guild.ts'
import type { Host, SimulatedWorld } from './world.ts'

/** Workflows in which decisions are remembered; the others are simulated as they were before anything was. */
const remembering: ReadonlySet<string> = new Set(['operated', 'bureau'])

/** People and operators of a simulated world: they look at requests through any process, decide late, twice or not at all. */
export class People {
  readonly #world: SimulatedWorld
  readonly #random: SeededRandom

  constructor(world: SimulatedWorld) {
    this.#world = world
    this.#random = world.random.branch('people')
  }

  /** Somebody looks at a run and answers what it asks, now or later. */
  look(facts: Pick<RunFacts, 'runId'>, options: { readonly isPrompt: boolean }): void {
    this.#through(async (host) => {
      const run = await host.runtime.open(facts.runId)
      for (const request of await run.requests()) {
        const isDouble = !options.isPrompt && this.#random.chance(0.25)
        for (let person = 0; person < (isDouble ? 2 : 1); person++) {
          const delay = options.isPrompt
            ? 0
            : this.#random.chance(0.6)
              ? this.#random.integer(0, 2_000)
              : this.#random.integer(0, 30_000)
          this.#world.timeline.in(delay, null, () => this.#decide(request, isDouble))
        }
      }
    })
  }

  /** An operator holds, releases or cancels a run. */
  operate(facts: RunFacts, verb: 'hold' | 'release' | 'cancel'): void {
    this.#through(async (host) => {
      const run = await host.runtime.open(facts.runId)
      const acceptance = await run[verb]({ by: 'operator', reason: 'as simulated' })
      this.#world.oracle.accepted(facts.runId, acceptance)
      if (acceptance.type !== 'refused' || acceptance.reason !== 'policy-broken') return
      this.#world.coverage.count('release refused')
      const override = Object.keys(facts.spec.graph.tools)
      this.#world.oracle.accepted(facts.runId, await run.release({ by: 'operator', reason: 'all the same', override }))
    })
  }

  /** An operator sets the ticket of a run anew, mostly minding the policies. */
  patch(facts: RunFacts): void {
    this.#through(async (host) => {
      const run = await host.runtime.open(facts.runId)
      const tools = Object.keys(facts.spec.graph.tools)
      const kept = keptKeys(facts.spec.graph).map((key) => [key, operatorsMark] as const)
      const state = { ticket: `T${this.#random.integer(10, 99)}`, ...Object.fromEntries(kept) }
      const override = this.#random.chance(0.2) ? { override: tools } : {}
      const acceptance = await run.patch({ state, ...override, by: 'operator', reason: 'as simulated' })
      this.#world.oracle.accepted(facts.runId, acceptance)
      if (kept.length > 0 && acceptance.type !== 'refused')
        this.#world.coverage.count(`private key patched: ${acceptance.type}`)
      if (acceptance.type === 'refused') this.#world.coverage.count('patch refused')
    })
  }

  /** Somebody takes a run by hand. */
  resume(facts: Pick<RunFacts, 'runId'>): void {
    this.#through(async (host) => {
      const run = await host.runtime.open(facts.runId)
      await run.resume()
    })
  }

  #decide(request: Request, isDouble: boolean): void {
    this.#through(async (host) => {
      const run = await host.runtime.open(request.runId)
      const isById = this.#random.chance(0.2)
      const decision = this.#draw(request)
      const isOutage =
        this.#world.running().length < this.#world.hosts.filter(({ process }) => process.state !== 'dead').length
      const acceptance = await run.decide(isById ? request.id : request, decision)
      this.#count(request, acceptance, { isDouble, isOutage, run })
    })
  }

  #count(
    request: Request,
    acceptance: Acceptance,
    { isDouble, isOutage }: { readonly isDouble: boolean; readonly isOutage: boolean; readonly run: Run },
  ): void {
    const { coverage, oracle, timeline } = this.#world
    oracle.accepted(request.runId, acceptance)
    if (acceptance.type === 'refused') {
      if (acceptance.reason === 'not-remembered') coverage.count('not remembered')
      if (acceptance.reason === 'digest-mismatch' && request.questions.length > 0)
        coverage.count('decision refused after an answer')
      if (acceptance.reason === 'decided-before' || acceptance.reason === 'not-asked') coverage.count('voice refused')
      if (isDouble) coverage.count('double decision')
      if (request.expiresAt !== null && timeline.now > request.expiresAt) coverage.count('late decision')
      return
    }
    coverage.count(`decision ${acceptance.type}`)
    if (isOutage) coverage.count('decided during an outage')
  }

  #draw(request: Request): DecisionInput {
    const option = this.#random.pick(request.options)
    const base = { ...this.#who(request), reason: 'because' }
    if (request.kind === 'unknown') return { ...base, ...this.#truth(request) }
    const ticket = `T${this.#random.integer(10, 99)}`
    const isWhole = request.kind === 'call' && this.#random.chance(0.3)
    const edits =
      option.outcome !== 'edited' ? {} : isWhole ? { arguments: { ticket } } : { edits: editsOf(request, ticket) }
    const response: { response?: Json } = request.responseSchema === null ? {} : { response: { plan: 'by hand' } }
    return {
      ...base,
      outcome: option.outcome,
      ...edits,
      ...response,
      ...this.#remember(request, option.outcome, ticket),
    }
  }

  /** What is remembered, where the others are simulated as they were before anything was. */
  #remember({ workflow, kind }: Request, outcome: string, ticket: string): Pick<DecisionInput, 'remember'> {
    const isMeant = remembering.has(workflow) && kind === 'call' && (outcome === 'approved' || outcome === 'rejected')
    if (!isMeant || !this.#random.chance(0.5)) return {}
    const scope = this.#random.pick(['run', 'workflow'] as const)
    const wanted = this.#random.pick(['same', 'any', { ticket: `T${ticket.slice(1, 2)}` }] as const)
    const expiresIn = this.#random.chance(0.3) ? { expiresIn: this.#random.integer(500, 9_000) } : {}
    return { remember: { scope, arguments: wanted, ...expiresIn } }
  }

  /** Anybody; of a quorum its persons, their delegates, and now and then somebody who has no voice. */
  #who({ quorum }: Request): { readonly by: string; readonly for?: string } {
    if (quorum === null) return { by: this.#random.pick(['ann', 'ben']) }
    if (this.#random.chance(0.2)) return { by: 'dan', ...(quorum.of !== null && { for: 'ada' }) }
    return { by: this.#random.pick([...(quorum.of ?? ['ann', 'ben', 'cy']), 'zoe']) }
  }

  /** Looks outside whether it happened, and says so. */
  #truth(request: Request): Pick<DecisionInput, 'outcome' | 'result'> {
    if (this.#random.chance(0.1)) return { outcome: 'failed' }
    const effectId = this.#world.oracle.effectIdOf(request.runId, request.step)
    if (this.#world.outside.timesHappened(effectId) === 0) return { outcome: 'did-not-happen' }
    const isNeeded = request.result?.neededFor.includes('happened') === true
    return { outcome: 'happened', ...(isNeeded && { result: foundResult(request.result.example) }) }
  }

  #through(act: (host: Host) => Promise<void>): void {
    const hosts = this.#world.running()
    if (hosts.length === 0) return
    const host = this.#random.pick(hosts)
    this.#world.timeline.in(0, host.process, () => {
      act(host).catch((error: unknown) => this.#world.judge(error, 'a person acted'))
    })
  }
}

/** What somebody who looks outside finds: what a tool that gives receipts gave, else anything that fits. */
function foundResult(example: Json): Json {
  const isReceipt = typeof example === 'object' && example !== null && 'receipt' in example
  return isReceipt ? { ...example, receipt: 'found' } : example
}

/** The call of an item is edited as a whole. */
function editsOf({ edits }: Request, ticket: string): { readonly [key: string]: Json } {
  return edits.includes('input') ? { input: { ticket } } : { ticket }
}
