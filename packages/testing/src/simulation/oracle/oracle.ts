import type { Acceptance, CompiledWorkflow, EngineEvent, RunEvent } from '@waystone/core'
import { decodeCheckpoint, type Commit, type Lease, type Store } from '@waystone/core/store'
import type { SimulatedProcess } from '../process.ts'
import { leakedSecret, simulationEpoch, type Observer, type Surroundings, type WorldCall } from '../surroundings.ts'
import { attemptKey, newRunFacts, textOf, type InvariantName, type RunFacts, type Violation } from './run-facts.ts'
import { checkStored } from './stored-checks.ts'

/**
 * Watches a simulated world from outside: what was asked of the store and answered, what the fake world saw, what processes were
 * told. It knows the workflows as their author meant them, shares no code with the engine but the reading of stored text, and holds
 * the ten invariants against every step.
 */
export class Oracle implements Observer {
  readonly violations: Violation[] = []
  readonly runs = new Map<string, RunFacts>()
  readonly #world: Surroundings
  readonly #truth: Store
  readonly #specs: ReadonlyMap<string, CompiledWorkflow>
  #position = 0
  #hasNews = false

  constructor(world: Surroundings, truth: Store, specs: ReadonlyMap<string, CompiledWorkflow>) {
    this.#world = world
    this.#truth = truth
    this.#specs = specs
    truth.watch(() => (this.#hasNews = true))
  }

  report(invariant: InvariantName, message: string, runId: string | null = null): void {
    this.#world.note(`VIOLATION ${invariant} ${message}`)
    this.violations.push({ invariant, message, runId, at: this.#world.timeline.now })
  }

  /** Takes in whatever was stored since the last step. */
  async look(): Promise<void> {
    if (!this.#hasNews) return
    this.#hasNews = false
    for (const stored of await this.#truth.after(this.#position, 1_000)) {
      this.#position = stored.position
      const facts = this.runs.get(stored.runId) ?? (await this.#meet(stored.runId))
      if (facts === undefined) continue
      if (stored.text.includes(leakedSecret.value) || stored.text.includes(btoa(leakedSecret.value)))
        this.report('secrets-are-references', `checkpoint ${stored.sequence} holds the secret's value`, stored.runId)
      const checkpoint = decodeCheckpoint(stored.text, { runId: stored.runId, graphHash: facts.spec.hashes.graph })
      const report = (invariant: InvariantName, message: string): void => this.report(invariant, message, stored.runId)
      this.#world.note(
        `stored ${stored.runId} ${checkpoint.sequence} ${checkpoint.event.type} ${checkpoint.event.id} ${checkpoint.decision?.outcome ?? ''} ${checkpoint.decision?.taken ?? ''} -> ${checkpoint.status}`,
      )
      checkStored(facts, checkpoint, { report, coverage: this.#world.coverage })
    }
  }

  async #meet(runId: Lease['runId']): Promise<RunFacts | undefined> {
    const row = await this.#truth.row(runId)
    const spec = this.#specs.get(row?.workflow ?? '')
    if (spec === undefined) return undefined
    const facts = newRunFacts(runId, spec)
    this.runs.set(runId, facts)
    for (const [process, lease] of this.#early.get(runId) ?? []) this.#lease(facts, process, lease)
    this.#early.delete(runId)
    return facts
  }

  /** Leases of runs whose first checkpoint has not been looked at yet. */
  readonly #early = new Map<string, (readonly [SimulatedProcess, Lease])[]>()

  /** A process was given a lease. */
  leased(process: SimulatedProcess, lease: Lease): void {
    const facts = this.runs.get(lease.runId)
    if (facts === undefined) this.#early.set(lease.runId, [...(this.#early.get(lease.runId) ?? []), [process, lease]])
    else this.#lease(facts, process, lease)
  }

  #lease(facts: RunFacts, process: SimulatedProcess, lease: Lease): void {
    const { coverage } = this.#world
    if (lease.fence < facts.fence)
      this.report('one-writer', `fence ${lease.fence} was given after ${facts.fence}`, facts.runId)
    if (lease.fence === facts.fence && facts.owner !== null && facts.owner !== process)
      this.report(
        'one-writer',
        `fence ${lease.fence} was given to ${facts.owner.name} and to ${process.name}`,
        facts.runId,
      )
    if (facts.owner !== null && facts.owner !== process) {
      if (facts.owner.state === 'dead') coverage.count('run taken from a dead owner')
      if (facts.owner.state === 'frozen') coverage.count('run taken from a frozen owner')
    }
    this.#world.note(
      `${process.name} leases ${facts.runId} fence ${lease.fence} until ${lease.expiresAt - simulationEpoch}`,
    )
    facts.fence = lease.fence
    facts.owner = process
    facts.fences.set(process, lease.fence)
    facts.stopped.delete(process)
  }

  /** The store has accepted a checkpoint. */
  committed(process: SimulatedProcess, { checkpoint, fence }: Commit): void {
    const facts = this.runs.get(checkpoint.runId)
    if (facts === undefined) return
    const mine = facts.fences.get(process) ?? 0
    if (fence !== facts.fence || mine !== facts.fence) {
      this.report(
        'one-writer',
        `${process.name} wrote checkpoint ${checkpoint.sequence} under fence ${fence}; fence ${facts.fence} had been given to ${facts.owner?.name}`,
        facts.runId,
      )
    }
    if (facts.writers.has(checkpoint.sequence))
      this.report('one-writer', `checkpoint ${checkpoint.sequence} was written twice`, facts.runId)
    facts.writers.set(checkpoint.sequence, fence)
  }

  /** A process was told that its commit failed: it stops driving that run until it takes it anew. */
  commitRefused(process: SimulatedProcess, runId: string): void {
    this.runs.get(runId)?.stopped.add(process)
  }

  marked(mark: {
    readonly runId: string
    readonly step: number
    readonly attempt: number
    readonly fence: number
  }): void {
    const facts = this.runs.get(mark.runId)
    facts?.marks.set(attemptKey(mark.step, mark.attempt), mark.fence)
    if (facts !== undefined && mark.fence !== facts.fence)
      this.report(
        'one-writer',
        `${mark.step}/${mark.attempt} was marked under fence ${mark.fence}, not ${facts.fence}`,
        facts.runId,
      )
  }

  delivered(runId: string, event: EngineEvent): void {
    this.runs.get(runId)?.inbox.set(event.id, event)
  }

  discarded(runId: string, eventIds: readonly string[]): void {
    const facts = this.runs.get(runId)
    for (const id of eventIds) facts?.inbox.delete(id)
  }

  /** A process begins an effect in the fake world. */
  effectStarted(process: SimulatedProcess, call: WorldCall): void {
    const facts = this.runs.get(call.runId)
    const step = call.effectId.slice(call.runId.length + 1)
    const key = attemptKey(step, call.attempt)
    if (facts === undefined || !facts.asked.has(key)) {
      this.report(
        'commit-then-perform',
        `${call.node} attempt ${key} began and no stored checkpoint asks for it`,
        call.runId,
      )
      return
    }
    const isStale = facts.fences.get(process) !== facts.fence
    if (facts.stopped.has(process))
      this.report(
        'commit-then-perform',
        `${process.name} began ${call.node} ${key} after its commit had failed`,
        call.runId,
      )
    this.#world.note(
      `${process.name} begins ${call.runId} ${key} ${call.node} (${call.name}, ${call.effect})${isStale ? ' under a stale fence' : ''}`,
    )
    const end = facts.ends.get(key)
    if (end !== undefined && !isStale)
      this.report('effect-ids-are-stable', `${call.node} ${key} began again after it had ended ${end}`, call.runId)
    this.#checkUnsafe(facts, { call, key, step, isStale })
    this.#checkSame(facts, call, step)
    facts.starts.set(key, (facts.starts.get(key) ?? 0) + 1)
  }

  #checkUnsafe(
    facts: RunFacts,
    {
      call,
      key,
      step,
      isStale,
    }: { readonly call: WorldCall; readonly key: string; readonly step: string; readonly isStale: boolean },
  ): void {
    if (call.effect !== 'unsafe') return
    if (!facts.marks.has(key))
      this.report('unknown-is-not-repeated', `unsafe ${call.node} ${key} began without a mark`, facts.runId)
    if (facts.starts.has(key))
      this.report('unknown-is-not-repeated', `unsafe ${call.node} ${key} began a second time`, facts.runId)
    if (call.attempt === 1 || isStale) return
    const before = facts.ends.get(attemptKey(step, call.attempt - 1))
    const isAllowed =
      before === 'failed' ||
      facts.checkpoints.some(
        ({ event }) =>
          event.type === 'request.decided' &&
          event.payload.step === Number(step) &&
          event.payload.outcome === 'did-not-happen',
      )
    if (!isAllowed)
      this.report(
        'unknown-is-not-repeated',
        `unsafe ${call.node} ${key} began after the attempt before had ended ${before ?? 'nowhere'}`,
        facts.runId,
      )
  }

  /** Node and input of a step never change; what is asked of it is the same at every attempt. */
  #checkSame(facts: RunFacts, call: WorldCall, step: string): void {
    const asked = textOf([call.node, call.name, call.name === 'model' ? null : call.input])
    const known = facts.inputs.get(step)
    if (known === undefined) facts.inputs.set(step, asked)
    else if (known !== asked)
      this.report('effect-ids-are-stable', `step ${step} was ${known} and then ${asked}`, facts.runId)
  }

  /** A process was told of a fact. */
  told(event: RunEvent): void {
    const facts = this.runs.get(event.runId)
    if (event.type === 'token.received') return
    if (facts === undefined || event.sequence >= facts.checkpoints.length)
      this.report(
        'nothing-before-commit',
        `${event.type} of ${event.sequence} was told before it was stored`,
        event.runId,
      )
    if (textOf(event).includes(leakedSecret.value))
      this.report('secrets-are-references', `${event.type} holds the secret's value`, event.runId)
  }

  /** A process was told what became of a decision or a move. */
  accepted(runId: string, acceptance: Acceptance): void {
    const facts = this.runs.get(runId)
    if (acceptance.type === 'applied' && (facts === undefined || acceptance.sequence >= facts.checkpoints.length)) {
      this.report(
        'nothing-before-commit',
        `a decision was said to be applied at ${acceptance.sequence} before that was stored`,
        runId,
      )
    }
  }
}
