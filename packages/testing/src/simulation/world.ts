import {
  compile,
  createMemoryGroupStore,
  createMemoryStore,
  createRuntime,
  createVolatileMemory,
  groupsWithStores,
  WaystoneError,
  withGroupStores,
  type CompiledWorkflow,
  type MemoryStore,
  type Runtime,
  type RuntimeOptions,
  type Workflow,
} from '@waystone/core'
import type { GroupStore, Store } from '@waystone/core/store'
import { seededRandom, type SeededRandom } from '../random/seeded-random.ts'
import { Chaos, drawWeather } from './chaos.ts'
import { Coverage } from './coverage.ts'
import { OutsideWorld } from './effects.ts'
import { GroupStorePort } from './group-store-port.ts'
import { drawLimits, type DrawnLimits } from './limits.ts'
import { simulatedModel } from './model.ts'
import { Oracle } from './oracle/oracle.ts'
import { isWaiting } from './oracle/events.ts'
import { countKill } from './oracle/combinations.ts'
import { allOpen } from './oracle/parts.ts'
import { isOpen } from './oracle/run-facts.ts'
import { SimulatedProcess } from './process.ts'
import { StorePort } from './store-port.ts'
import { Timeline } from './timeline.ts'
import { leakedSecret, simulationEpoch, type Surroundings } from './surroundings.ts'
import { bridge } from './workflows/bridge.ts'
import { suites } from './suites/suites.ts'

/** A process with its runtime. */
export interface Host {
  readonly process: SimulatedProcess
  readonly runtime: Runtime
}

/** A fault planted through the parts that a runtime is given, to show that the oracle finds it. */
export interface Plant {
  readonly name: string
  /** Wraps the store below the port: what a faulty store would do. */
  readonly below?: (truth: Store) => Store
  /** Wraps the port: what a faulty engine would do with a store that is well. */
  readonly above?: (port: Store) => Store
  /** Wraps the compiled workflows that processes are given; the oracle keeps those the author wrote. */
  readonly compiled?: (spec: CompiledWorkflow) => CompiledWorkflow
}

/** Compiled once: that costs more than most simulations. */
const compiledSpecs = new Map(
  suites.flatMap(({ workflows }) => workflows.map((workflow) => [workflow.name, compile(workflow)] as const)),
)

/** What no store that only fails now and then can lead to. */
const neverExpected: ReadonlySet<string> = new Set([
  'WAYSTONE_STORE_CORRUPT',
  'WAYSTONE_STORE_PRIVATE',
  'WAYSTONE_STORE_PRIVATE_MISSING',
])

function storesIn(spec: CompiledWorkflow | undefined): readonly string[] {
  return spec === undefined ? [] : groupsWithStores(spec.graph)
}

function vaultsOf(
  seed: number,
  workflows: readonly Workflow[],
): { readonly [group: string]: { readonly store: GroupStore } } | null {
  const groups = workflows.flatMap(({ name }) => storesIn(compiledSpecs.get(name)))
  if (groups.length === 0) return null
  // The same texts for the same seed.
  return Object.fromEntries(
    groups.map((group) => [
      group,
      { store: createMemoryGroupStore({ key: `${group} of simulation ${seed}`.padEnd(40) }) },
    ]),
  )
}

/** One simulated world: processes over one store, in virtual time, from one seed. */
export class SimulatedWorld implements Surroundings {
  readonly seed: number
  readonly random: SeededRandom
  readonly timeline: Timeline
  readonly coverage = new Coverage()
  readonly chaos: Chaos
  readonly outside: OutsideWorld
  readonly oracle: Oracle
  /** What is stored, read with everything that groups keep to themselves. */
  readonly truth: Store
  /** The groups of these workflows that have stores of their own keep them here: one store for all of one name. Null: none has. */
  readonly #vaults: { readonly [group: string]: { readonly store: GroupStore } } | null
  readonly workflows: readonly Workflow[]
  readonly specs: ReadonlyMap<string, CompiledWorkflow> = compiledSpecs
  readonly hosts: Host[] = []
  readonly #plant: Plant | null
  readonly #base: Store
  /** False: owners look as if they lived on other hosts. */
  readonly #canTellDead: boolean
  readonly #leaseMs: number
  readonly #limits: DrawnLimits
  /** The engine plans everything twice and compares. Every run is replayed at the end in any case, so that not every world has to. */
  readonly #isPlannedTwice: boolean
  /** By how much the clock of all processes is behind. */
  lagMs = 0
  /** What runs put there stays when they are deleted. */
  readonly memory: MemoryStore = createVolatileMemory()
  /** A process drives only so many runs at once. */
  readonly #mostRuns: number
  /** Processes look for runs that can go on; false: only callers do. */
  readonly hasWorkers: boolean
  #spawned = 0

  /** Told what happens, for looking closer at a seed. */
  readonly trace: ((line: string) => void) | null

  constructor(
    seed: number,
    {
      plant,
      trace,
      workflows,
      hasMishaps,
    }: {
      readonly plant: Plant | null
      readonly trace: ((line: string) => void) | null
      readonly workflows: readonly Workflow[]
      readonly hasMishaps: boolean
    },
  ) {
    this.seed = seed
    this.trace = trace
    this.workflows = workflows
    this.#plant = plant
    this.random = seededRandom(`simulation/${seed}`)
    this.timeline = new Timeline(this.random.branch('timeline'), simulationEpoch)
    const store = createMemoryStore()
    this.#vaults = vaultsOf(seed, workflows)
    this.truth = withGroupStores(store, this.#vaults ?? {})
    this.oracle = new Oracle(this, this.truth, compiledSpecs)
    this.outside = new OutsideWorld(this)
    this.#base = plant?.below?.(store) ?? store
    this.#canTellDead = this.random.chance(0.7)
    this.hasWorkers = this.random.chance(0.75)
    this.#leaseMs = this.random.pick([500, 2_000, 5_000])
    this.#isPlannedTwice = this.random.branch('purity').chance(0.25)
    this.#mostRuns = hasMishaps ? this.random.branch('runs at once').pick([1, 2, 1_000]) : 1_000
    this.#limits = drawLimits(this.random.branch('limits'))
    this.oracle.expectLimits(this.#limits.known, this.#leaseMs)
    this.chaos = new Chaos({
      random: this.random.branch('chaos'),
      timeline: this.timeline,
      coverage: this.coverage,
      weather: drawWeather(this.random.branch('weather')),
      note: (line) => this.note(line),
      onCrash: (process, row) => this.#crashed(process, row),
    })
    bridge.world = this
  }

  /** Writes a line of the trace. */
  note(line: string): void {
    this.trace?.(`${String(this.timeline.now - simulationEpoch).padStart(7)} ${line}`)
  }

  /** Processes share limits. */
  get hasSharedLimits(): boolean {
    return this.#limits.limits !== undefined
  }

  /** Processes that run now. */
  running(): readonly Host[] {
    return this.hosts.filter(({ process }) => process.state === 'running')
  }

  /** Starts a process that drives whatever it can. */
  spawn(): Host {
    this.#spawned += 1
    const name = `process-${this.#spawned}`
    const process = new SimulatedProcess(this.timeline, {
      name,
      pid: this.#spawned,
      seed: `${this.seed}/${name}`,
      lagMs: () => this.lagMs,
    })
    const port = new StorePort(this, process, this.#base)
    const runtime = createRuntime({ ...this.#options(process), store: this.#plant?.above?.(port) ?? port })
    const host = { process, runtime }
    this.hosts.push(host)
    if (this.hasWorkers) this.timeline.in(0, process, () => runtime.work())
    return host
  }

  /** Errors that a caller must expect of a store that fails and a runtime that closes; anything else is a fault of the engine. */
  judge(error: unknown, doing: string): void {
    const isExpected =
      WaystoneError.isInstance(error) &&
      (error.code.startsWith('WAYSTONE_STORE_') || error.code === 'WAYSTONE_INPUT_RUNTIME_CLOSED')
    const isCorrupt = WaystoneError.isInstance(error) && neverExpected.has(error.code)
    if (isExpected && !isCorrupt) {
      if (error.code === 'WAYSTONE_STORE_OWNED') this.coverage.count('live owner conflict')
      return
    }
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.oracle.report('no-engine-fault', `${doing}: ${text}`)
  }

  #options(process: SimulatedProcess): RuntimeOptions {
    const specs = [...this.specs.values()]
    return {
      workflows: this.#plant?.compiled === undefined ? specs : specs.map(this.#plant.compiled),
      models: { main: simulatedModel(this, process), spare: simulatedModel(this, process, 'spare-model') },
      prices: { main: { inputUsd: 10, outputUsd: 100 }, spare: { inputUsd: 5, outputUsd: 50 } },
      secrets: (name) => (name === leakedSecret.name ? leakedSecret.value : undefined),
      ...(this.#limits.limits !== undefined && { limits: this.#limits.limits }),
      ...(this.#vaults !== null && { groups: this.#portsOf(process, this.#vaults) }),
      clock: process.clock,
      ids: process.ids,
      leaseMs: this.#leaseMs,
      checkPurity: this.#isPlannedTwice,
      maxConcurrentRuns: this.#mostRuns,
      memory: this.memory,
      liveness: {
        self: () => ({ host: 'simulated', pid: process.pid, processStartedAt: String(process.pid) }),
        stateOf: (owner) => {
          if (!this.#canTellDead) return 'unknown'
          const other = this.hosts.find((host) => host.process.pid === owner.pid)?.process
          return other === undefined || other.state === 'dead' ? 'dead' : 'alive'
        },
      },
      onNotice: (notice) => {
        this.note(
          `${process.name} notice ${notice.type} ${notice.runId} ${notice.type === 'run.stopped' ? String(notice.error) : notice.type === 'event.dropped' ? notice.message : ''}`,
        )
        if (notice.type === 'event.dropped') this.oracle.dropped(notice.runId, notice.eventId)
        if (notice.type === 'run.stopped') this.judge(notice.error, `${process.name} stopped driving ${notice.runId}`)
      },
    }
  }

  #portsOf(
    process: SimulatedProcess,
    vaults: { readonly [group: string]: { readonly store: GroupStore } },
  ): NonNullable<RuntimeOptions['groups']> {
    const ports = Object.entries(vaults).map(
      ([group, { store }]) => [group, { store: new GroupStorePort(this, process, store) }] as const,
    )
    return Object.fromEntries(ports)
  }

  #crashed(process: SimulatedProcess, row: string): void {
    this.note(`${process.name} ${row}`)
    for (const facts of this.oracle.runs.values()) {
      const { owner, context, isDeleted } = facts
      if (owner !== process || isDeleted) continue
      if (isOpen(facts)) countKill(facts, this.coverage)
      const open = Object.values(allOpen(context))
      if (context.undoing !== undefined) this.coverage.count('crash while undoing')
      if (context.children !== undefined) this.coverage.count('crash while nested')
      if (isWaiting(context)) this.coverage.count('crash while waiting')
      if (open.some(({ notBefore }) => notBefore !== undefined && notBefore > this.timeline.now))
        this.coverage.count('crash while a retry waits')
      if (open.some(({ kind }) => kind === 'approval' || kind === 'resolve'))
        this.coverage.count('crash while a person is asked')
      if (open.some(({ kind, callId }) => kind === 'approval' && callId !== undefined))
        this.coverage.count('crash while a person is asked about a call')
    }
    void this.#countPlaces(process)
    this.timeline.in(this.random.integer(0, 4_000), null, () => void this.spawn())
  }

  async #countPlaces(process: SimulatedProcess): Promise<void> {
    const places = (await this.truth.line()).filter(
      ({ grantedAt, owner }) => grantedAt === null && owner.pid === process.pid,
    )
    if (places.length > 0) this.coverage.count('crash while in line')
  }
}
