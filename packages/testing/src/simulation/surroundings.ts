import type { Acceptance, EffectClass, EngineEvent, Json, RunEvent } from '@waystone/core'
import type { Commit, Lease } from '@waystone/core/store'
import type { SeededRandom } from '../random/seeded-random.ts'
import type { Chaos } from './chaos.ts'
import type { Coverage } from './coverage.ts'
import type { SimulatedProcess } from './process.ts'
import type { Timeline } from './timeline.ts'

/** Virtual time at which every simulation begins. */
export const simulationEpoch = Date.UTC(2026, 0, 1)

/** Secret that a tool uses and tries to leak. */
export const leakedSecret = { name: 'LEDGER_KEY', value: 'correct-horse-battery' }

/** An attempt that a process begins in the fake world outside. */
export interface WorldCall {
  readonly effectId: string
  readonly runId: string
  readonly node: string
  readonly attempt: number
  readonly signal: AbortSignal
  /** What is called: a tool, a task, a model. */
  readonly name: string
  readonly effect: EffectClass
  /** Everything it is asked with. */
  readonly input: Json
}

/** What the world answers: the same for the same effect id where the service de-duplicates. */
export interface WorldAnswer {
  /** Begins with the effect id; says how often it has really happened. */
  readonly receipt: string
  readonly amount: number
  /** A source of its own for whatever else the answer is made of. */
  readonly random: SeededRandom
}

/** The world outside of every process. */
export interface Outside {
  /** How often an effect really happened, whoever asked for it. */
  timesHappened(effectId: string): number
  /** An effect that is over before the call returns. */
  now(process: SimulatedProcess, call: WorldCall): WorldAnswer
  /** An effect whose answer comes later, or never. */
  begin(process: SimulatedProcess, call: WorldCall): Promise<WorldAnswer>
}

/** Whoever is told of everything that can be seen from outside the engine. */
export interface Observer {
  /** A process was given a lease. */
  leased(process: SimulatedProcess, lease: Lease): void
  /** The store has accepted a checkpoint. */
  committed(process: SimulatedProcess, commit: Commit): void
  /** A process was told that its commit is stored. */
  commitTold(process: SimulatedProcess, commit: Commit): void
  /** A process was told that its commit failed. */
  commitRefused(process: SimulatedProcess, runId: string): void
  /** What the effect of a step is known by outside. */
  effectIdOf(runId: string, step: number): string
  /** The store has accepted a mark. */
  marked(mark: {
    readonly runId: string
    readonly step: number
    readonly attempt: number
    readonly fence: number
  }): void
  /** The store has deleted a run. */
  deleted(runId: string): void
  delivered(runId: string, event: EngineEvent): void
  discarded(runId: string, eventIds: readonly string[]): void
  /** A process begins an effect. */
  effectStarted(process: SimulatedProcess, call: WorldCall): void
  /** The answer of an effect has reached its process. */
  effectAnswered(call: WorldCall): void
  /** A process says that an event named nothing that is open. */
  dropped(runId: string, eventId: string): void
  /** The store has heard a process about its permits. @param askedAt - ms since the epoch */
  permitted(process: SimulatedProcess, askedAt: number): void
  /** The store has heard that a rule was taken back. @param at - ms since the epoch */
  ruleRevoked(id: string, at: number): void
  /** A runtime has been closed. */
  closed(process: SimulatedProcess): void
  /** A process was told of a fact. */
  told(event: RunEvent): void
  /** A process was told what became of a decision or a move. */
  accepted(runId: string, acceptance: Acceptance): void
}

/** What the parts of a simulated world see of it. */
export interface Surroundings {
  readonly seed: number
  readonly random: SeededRandom
  readonly timeline: Timeline
  readonly coverage: Coverage
  readonly chaos: Chaos
  readonly outside: Outside
  readonly oracle: Observer
  /** Writes a line of the trace. */
  note(line: string): void
}
