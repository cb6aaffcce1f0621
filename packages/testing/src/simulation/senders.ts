import type { Receipt } from '@waystone/core'
import type { SeededRandom } from '../random/seeded-random.ts'
import type { RunFacts } from './oracle/run-facts.ts'
import type { SimulatedWorld } from './world.ts'

/** Something somebody outside wants a run to know. */
interface Message {
  readonly runId: string
  readonly event: string
  readonly key: string | undefined
  readonly id: string
}

/** Systems outside of a simulated world that send events to runs: before they are waited for, late, twice, and again when it failed. */
export class Senders {
  readonly #world: SimulatedWorld
  readonly #random: SeededRandom
  /** What a run has said that it took, by what it is stored as. */
  readonly #accepted = new Map<string, string>()

  constructor(world: SimulatedWorld) {
    this.#world = world
    this.#random = world.random.branch('senders')
  }

  /** Sends as long as the weather is bad. */
  plan(): void {
    const { timeline, chaos } = this.#world
    const act = (): void => {
      if (!chaos.isOn) return
      this.#send()
      timeline.in(this.#random.integer(50, 1_200), null, act)
    }
    timeline.in(300, null, act)
  }

  /** What runs have taken has reached them. */
  check(): void {
    const { oracle } = this.#world
    for (const [id, runId] of this.#accepted) {
      const facts = oracle.runs.get(runId)
      if (facts === undefined || facts.isDeleted || facts.used.has(id) || facts.discarded.has(id)) continue
      // It was stored, and the run ended before anybody took it in.
      if (facts.context.ending !== null && facts.inbox.has(id)) continue
      oracle.report('events-are-kept', `event ${id} was taken and never reached the run`, runId)
    }
  }

  #send(): void {
    const runs = this.#world.oracle.known()
    const open = runs.filter(({ context }) => context.ending === null)
    const from = this.#random.chance(0.95) && open.length > 0 ? open : runs
    if (from.length === 0) return
    const message = this.#draw(this.#random.pick(from))
    this.#deliver(message, 0)
    // Whoever sends at least once sends twice now and then.
    if (this.#random.chance(0.2))
      this.#world.timeline.in(this.#random.integer(0, 4_000), null, () => this.#deliver(message, 1))
  }

  #draw({ runId, state, context }: RunFacts): Message {
    const event = this.#random.pick(['paid', 'paid', 'packed', 'packed', 'signed', 'signed', 'recalled', 'unheard-of'])
    const found = (context.state ?? state)['ticket']
    const ticket = typeof found === 'string' ? found : ''
    const own = event === 'packed' ? `pack ${ticket}` : ticket
    const key = this.#random.chance(0.8) ? own : this.#random.chance(0.7) ? 'somebody else' : undefined
    return { runId, event, key, id: `m-${this.#random.integer(0, 99_999)}` }
  }

  #deliver(message: Message, tries: number): void {
    const [host] = this.#random.shuffle(this.#world.running())
    if (host === undefined) return
    const { runId, event, key, id } = message
    const payload = event === 'recalled' || event === 'unheard-of' ? null : { mark: id }
    this.#world.timeline.in(0, host.process, () => {
      host.runtime.send(runId, event, payload, { id, ...(key !== undefined && { key }) }).then(
        (receipt) => this.#count(message, receipt),
        (error: unknown) => {
          this.#world.judge(error, 'an event was sent')
          if (tries > 3) return
          this.#world.coverage.count('event sent again after a failure')
          this.#world.timeline.in(this.#random.integer(100, 2_000), null, () => this.#deliver(message, tries + 1))
        },
      )
    })
  }

  #count({ runId, id }: Message, receipt: Receipt): void {
    const { coverage, oracle } = this.#world
    if (receipt.type === 'duplicate') return coverage.count('event sent twice dropped')
    oracle.accepted(runId, receipt)
    if (receipt.type === 'refused') return coverage.count(`event refused: ${receipt.reason}`)
    coverage.count(`event ${receipt.type}`)
    this.#accepted.set(`sent/${id}`, runId)
  }
}
