import type { Acceptance, Checkpoint, CompiledWorkflow, EngineEvent, RunEvent } from '@waystone/core'
import {
  checkpointsOf,
  decodeCheckpoint,
  readCheckpoints,
  type Commit,
  type Lease,
  type Store,
  type StoredCheckpoint,
} from '@waystone/core/store'
import type { KnownLimit } from '../limits.ts'
import type { SimulatedProcess } from '../process.ts'
import { leakedSecret, simulationEpoch, type Observer, type Surroundings, type WorldCall } from '../surroundings.ts'
import { beginningOf, checkBeginning } from './effect-checks.ts'
import { checkAskedOutside, checkInbox, checkPrivacy, hasOwnStore } from './groups.ts'
import { effectSuffix, stepOfEffect } from './items.ts'
import { attemptKey, newRunFacts, textOf, type InvariantName, type RunFacts, type Violation } from './run-facts.ts'
import { LimitChecks } from './limit-checks.ts'
import type { KnownRule } from './people-facts.ts'
import { checkStored } from './stored-checks.ts'

/** Work under way in the fake world. */
interface Running {
  readonly process: SimulatedProcess
  readonly call: WorldCall
  readonly facts: RunFacts
}

/**
 * Watches a simulated world from outside: what was asked of the store and answered, what the fake world saw, what processes were
 * told. It knows the workflows as their author meant them, shares no code with the engine but the reading of stored text, and holds
 * the ten invariants against every step.
 */
export class Oracle implements Observer {
  readonly violations: Violation[] = []
  readonly runs = new Map<string, RunFacts>()
  /** Runs that were forked from others. They begin in the middle, so that they are held against their own replay only. */
  readonly forked = new Set<string>()
  readonly #world: Surroundings
  readonly #truth: Store
  readonly #specs: ReadonlyMap<string, CompiledWorkflow>
  readonly #rules = new Map<string, KnownRule>()
  #position = 0
  #deletions = 0
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

  #limits: LimitChecks | null = null

  /** Says what the processes share. @param leaseMs - how long a permit outlives its owner's last word */
  expectLimits(known: readonly KnownLimit[], leaseMs: number): void {
    this.#limits = new LimitChecks({
      known,
      leaseMs,
      now: () => this.#world.timeline.now,
      isAnswered: (call) => this.#answered.has(call),
      report: (invariant, message) => this.report(invariant, message),
    })
  }

  /** The store has heard a process about its permits. */
  permitted(process: SimulatedProcess, askedAt: number): void {
    this.#limits?.permitted(process, askedAt)
  }

  /** The store has heard that a rule was taken back. */
  ruleRevoked(id: string, at: number): void {
    const known = this.#rules.get(id)
    if (known === undefined || known.revokedAt !== null) return
    known.revokedAt = at
    this.#world.coverage.count('rule revoked: workflow')
  }

  /** Another one whenever a run has moved, or was deleted. */
  get version(): number {
    return this.#position + this.#deletions
  }

  /** Runs that are there. Order: as they began. */
  known(): readonly RunFacts[] {
    return [...this.runs.values()].filter(({ isDeleted }) => !isDeleted)
  }

  /** The store has deleted a run. */
  deleted(runId: string): void {
    const facts = this.runs.get(runId)
    if (facts === undefined || facts.isDeleted) return
    facts.isDeleted = true
    this.#deletions += 1
    facts.inbox.clear()
  }

  /** True while something was delivered to a run and not taken up. */
  hasMail(): boolean {
    for (const { inbox } of this.runs.values()) if (inbox.size > 0) return true
    return false
  }

  /** Takes in whatever was stored since the last step. */
  async look(): Promise<void> {
    if (!this.#hasNews) return
    this.#hasNews = false
    for (const stored of await this.#truth.after(this.#position, 1_000)) {
      this.#position = stored.position
      const facts = this.runs.get(stored.runId) ?? (await this.#meet(stored.runId))
      if (facts === undefined) continue
      if (facts.isDeleted)
        this.report(
          'deleted-is-gone',
          `checkpoint ${stored.sequence} was stored after the run was deleted`,
          stored.runId,
        )
      if (stored.text.includes(leakedSecret.value) || stored.text.includes(btoa(leakedSecret.value)))
        this.report('secrets-are-references', `checkpoint ${stored.sequence} holds the secret's value`, stored.runId)
      const checkpoint = await this.#read(stored, facts.spec)
      const report = (invariant: InvariantName, message: string): void => this.report(invariant, message, stored.runId)
      this.#world.note(
        `stored ${stored.runId} ${checkpoint.sequence} ${checkpoint.event.type} ${checkpoint.event.id} ${checkpoint.decision?.outcome ?? ''} ${checkpoint.decision?.taken ?? ''} -> ${checkpoint.status}`,
      )
      checkStored(facts, checkpoint, { report, coverage: this.#world.coverage })
      checkPrivacy(facts, { stored, checkpoint }, { report, coverage: this.#world.coverage })
    }
  }

  async #read(stored: StoredCheckpoint, { graph, hashes }: CompiledWorkflow): Promise<Checkpoint> {
    if (!hasOwnStore(graph)) return decodeCheckpoint(stored.text, { runId: stored.runId, graphHash: hashes.graph })
    const [read] = await readCheckpoints(this.#truth, [stored], hashes.graph)
    return read?.checkpoint ?? decodeCheckpoint(stored.text, { runId: stored.runId, graphHash: hashes.graph })
  }

  async #meet(runId: Lease['runId']): Promise<RunFacts | undefined> {
    const row = await this.#truth.row(runId)
    const spec = this.#specs.get(row?.workflow ?? '')
    if (row !== undefined && row.forkedFrom !== null) this.forked.add(runId)
    if (spec === undefined || this.forked.has(runId)) return undefined
    const facts = newRunFacts(runId, spec, { isAnswered: (call) => this.#answered.has(call), rules: this.#rules })
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
    facts.startedBy.delete(process)
    facts.told.set(process, facts.checkpoints.length - 1)
  }

  /** The store has accepted a checkpoint. */
  committed(process: SimulatedProcess, commit: Commit): void {
    const facts = this.runs.get(commit.checkpoint.runId)
    if (facts === undefined) return
    if (commit.earlier !== undefined) this.#world.coverage.count('several checkpoints in one commit')
    for (const { sequence } of checkpointsOf(commit)) this.#wrote(facts, process, { sequence, fence: commit.fence })
  }

  #wrote(
    facts: RunFacts,
    process: SimulatedProcess,
    { sequence, fence }: { readonly sequence: number; readonly fence: number },
  ): void {
    const mine = facts.fences.get(process) ?? 0
    if (fence !== facts.fence || mine !== facts.fence) {
      this.report(
        'one-writer',
        `${process.name} wrote checkpoint ${sequence} under fence ${fence}; fence ${facts.fence} had been given to ${facts.owner?.name}`,
        facts.runId,
      )
    }
    if (facts.writers.has(sequence)) this.report('one-writer', `checkpoint ${sequence} was written twice`, facts.runId)
    facts.writers.set(sequence, fence)
  }

  /** A process was told that its commit is stored. */
  commitTold(process: SimulatedProcess, { checkpoint }: Commit): void {
    this.runs.get(checkpoint.runId)?.told.set(process, checkpoint.sequence)
  }

  /** A process was told that its commit failed: it stops driving that run until it takes it anew. */
  commitRefused(process: SimulatedProcess, runId: string): void {
    this.runs.get(runId)?.stopped.add(process)
    // In the next task: the process has to hear of it first.
    const begun = this.#underWay(process, runId)
    this.#world.timeline.in(0, process, () => this.#checkAborted(process, begun))
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
    checkInbox(this.runs.get(runId), event, (invariant, message) => this.report(invariant, message, runId))
    this.runs.get(runId)?.inbox.set(event.id, { event, at: this.#world.timeline.now })
  }

  discarded(runId: string, eventIds: readonly string[]): void {
    const facts = this.runs.get(runId)
    for (const id of eventIds) {
      facts?.inbox.delete(id)
      facts?.discarded.add(id)
    }
  }

  /** A process begins an effect in the fake world. */
  effectStarted(process: SimulatedProcess, call: WorldCall): void {
    const facts = this.runs.get(call.runId)
    const beginning = beginningOf(facts, process, call)
    const stale = beginning.isStale ? ' under a stale fence' : ''
    this.#world.note(
      `${process.name} begins ${call.runId} ${beginning.key} ${call.node} (${call.name}, ${call.effect})${stale}`,
    )
    const report = (invariant: InvariantName, message: string): void => this.report(invariant, message, call.runId)
    if (!this.forked.has(call.runId)) checkBeginning(facts, beginning, { report, coverage: this.#world.coverage })
    checkAskedOutside(facts, call, { report, coverage: this.#world.coverage })
    this.#limits?.effectStarted(process, call)
    if (facts !== undefined) this.#running.push({ process, call, facts })
  }

  /** Work under way in the fake world, of processes that may have to abort it. */
  readonly #running: Running[] = []

  /** What a process has begun and not heard of, for one run or all. */
  #underWay(process: SimulatedProcess, runId: string | null): readonly Running[] {
    return this.#running.filter((one) => {
      if (one.process !== process || (runId !== null && one.call.runId !== runId) || this.#answered.has(one.call))
        return false
      const step = stepOfEffect(one.facts, one.call.effectId.slice(one.call.runId.length + 1))
      return !one.facts.ends.has(attemptKey(step, one.call.attempt))
    })
  }

  /** A process has stopped driving: what it had begun is told to stop. */
  #checkAborted(process: SimulatedProcess, begun: readonly Running[]): void {
    for (const { call } of begun) {
      if (call.signal.aborted || this.#answered.has(call)) continue
      const what = `${call.node} ${call.effectId} attempt ${call.attempt}`
      this.report(
        'stopped-work-is-aborted',
        `${what} goes on although ${process.name} has stopped driving it`,
        call.runId,
      )
    }
  }

  /** Calls whose answer has reached their process. */
  readonly #answered = new WeakSet<WorldCall>()

  effectAnswered(call: WorldCall): void {
    this.#answered.add(call)
  }

  /** What the effect of a step is known by outside. */
  effectIdOf(runId: string, step: number): string {
    return `${runId}/${effectSuffix(this.runs.get(runId), String(step))}`
  }

  /** A process says that an event named nothing that is open. */
  dropped(runId: string, eventId: string): void {
    const isKept = this.runs.get(runId)?.inbox.has(eventId) === true
    if (isKept) this.report('inbox-is-kept', `event ${eventId} was dropped and left in the inbox`, runId)
  }

  /** A runtime has been closed. */
  closed(process: SimulatedProcess): void {
    this.#checkAborted(process, this.#underWay(process, null))
  }

  /** A process was told of a fact. */
  told(event: RunEvent): void {
    const facts = this.runs.get(event.runId)
    if (event.type === 'token.received' || this.forked.has(event.runId)) return
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
    if (this.forked.has(runId)) return
    if (acceptance.type === 'applied' && (facts === undefined || acceptance.sequence >= facts.checkpoints.length)) {
      this.report(
        'nothing-before-commit',
        `a decision was said to be applied at ${acceptance.sequence} before that was stored`,
        runId,
      )
    }
  }
}
