import { forkRun, InputError, replayRun } from '@waystone/core'
import type { RunId } from '@waystone/core/store'
import type { SeededRandom } from '../random/seeded-random.ts'
import { countFork } from './oracle/combinations.ts'
import type { RunFacts } from './oracle/run-facts.ts'
import type { People } from './people.ts'
import type { Host, SimulatedWorld } from './world.ts'

/** Why a run may not be forked where it was tried. */
const refusals: ReadonlySet<string> = new Set(['WAYSTONE_INPUT_FORK', 'WAYSTONE_INPUT_FORK_POLICY'])

const ended: ReadonlySet<string> = new Set(['completed', 'failed', 'cancelled', 'exhausted'])

/**
 * Once all runs have ended, some are forked, each at any of its checkpoints, whatever was under way there. What comes of them must end,
 * replay without a divergence, and leave the origin as it was.
 */
export class ForkedRuns {
  readonly #world: SimulatedWorld
  readonly #people: People
  readonly #random: SeededRandom
  readonly #runs = new Set<RunId>()
  #tries = 0

  constructor(world: SimulatedWorld, people: People) {
    this.#world = world
    this.#people = people
    this.#random = world.random.branch('forks of runs')
  }

  /** Forks, and sees to what was forked until it has ended. */
  plan(): void {
    const { oracle, timeline } = this.#world
    const origins = this.#random.shuffle(oracle.known()).slice(0, this.#random.integer(0, 2))
    this.#tries = origins.length
    for (const facts of origins) timeline.in(this.#random.integer(0, 2_000), null, () => this.#fork(facts))
    const see = (): void => {
      for (const runId of this.#runs) {
        this.#people.look({ runId }, { isPrompt: true })
        this.#people.resume({ runId })
      }
      if (this.#tries > 0 || this.#runs.size > 0) timeline.in(5_000, null, see)
    }
    timeline.in(5_000, null, see)
  }

  /** True when nothing is left to end. */
  async isDone(): Promise<boolean> {
    const { truth } = this.#world
    for (const runId of this.#runs) if (ended.has((await truth.row(runId))?.status ?? '')) await this.#check(runId)
    return this.#tries === 0 && this.#runs.size === 0
  }

  /** Those that have not ended. */
  get open(): readonly string[] {
    return [...this.#runs]
  }

  #fork(facts: RunFacts): void {
    const { timeline } = this.#world
    const [host] = this.#random.shuffle(this.#world.running())
    if (host === undefined) {
      this.#world.spawn()
      return void timeline.in(100, null, () => this.#fork(facts))
    }
    const at = this.#random.integer(0, facts.checkpoints.length - 1)
    timeline.in(0, host.process, () => {
      this.#forkAt(facts, at, host).catch((error: unknown) => this.#world.judge(error, 'a run was forked'))
    })
  }

  async #forkAt(facts: RunFacts, at: number, { runtime }: Host): Promise<void> {
    const { coverage } = this.#world
    const patch = this.#random.chance(0.3) ? { patch: { ticket: `T${this.#random.integer(10, 99)}` } } : {}
    const who = { by: 'operator', reason: 'as simulated', afterUndo: true }
    try {
      const runId = await forkRun(runtime, facts.runId, { ...who, ...patch, at })
      this.#world.note(`${facts.runId} was forked at ${at} as ${runId}`)
      this.#runs.add(runId)
      coverage.count('run forked')
      countFork(facts, at, coverage)
    } catch (error) {
      if (!InputError.isInstance(error) || !refusals.has(error.code)) throw error
      coverage.count(`fork refused: ${error.code.slice('WAYSTONE_INPUT_'.length)}`)
    } finally {
      this.#tries -= 1
    }
  }

  async #check(runId: RunId): Promise<void> {
    const { truth, oracle, specs, coverage } = this.#world
    this.#runs.delete(runId)
    const row = await truth.row(runId)
    const spec = specs.get(row?.workflow ?? '')
    if (row === undefined || spec === undefined) return
    coverage.count(`forked run ${row.status}`)
    const { divergence } = await replayRun(truth, spec, runId)
    if (divergence !== null) oracle.report('plan-is-pure', divergence.message, runId)
    const origin = row.forkedFrom === null ? undefined : oracle.runs.get(row.forkedFrom.runId)
    const stored = origin === undefined ? undefined : await truth.row(origin.runId as RunId)
    if (origin !== undefined && stored?.sequence !== origin.checkpoints.length - 1)
      oracle.report('chain-holds', `the fork ${runId} of it has moved it`, origin.runId)
  }
}
