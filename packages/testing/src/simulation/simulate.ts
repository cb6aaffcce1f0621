import { createHash } from 'node:crypto'
import { replayRun, type Run, type RunEvent } from '@waystone/core'
import type { RunId } from '@waystone/core/store'
import type { SeededRandom } from '../random/seeded-random.ts'
import { Calm } from './calm.ts'
import type { Coverage } from './coverage.ts'
import { allOpen } from './oracle/parts.ts'
import { isOpen, type RunFacts, type Violation } from './oracle/run-facts.ts'
import { ForkedRuns } from './forked-runs.ts'
import { Mishaps } from './mishaps.ts'
import { hasRedirectable, Operators } from './operators.ts'
import { People } from './people.ts'
import { Senders } from './senders.ts'
import type { RunCount } from './suites/suite.ts'
import { suiteOf, type SuiteName } from './suites/suites.ts'
import { bureau } from './workflows/bureau.ts'
import { SimulatedWorld, type Host, type Plant } from './world.ts'

/** What one seed showed. */
export interface SimulationReport {
  readonly suite: SuiteName
  readonly seed: number
  /** Order: as found. Empty: every invariant held after every step. */
  readonly violations: readonly Violation[]
  readonly coverage: Coverage
  /** The same for the same seed and the same code: a hash over every stored checkpoint in order. */
  readonly digest: string
  readonly runs: number
  readonly checkpoints: number
  /** Tasks of the timeline that were run. */
  readonly steps: number
}

/** How far a simulation may go. */
export interface SimulationOptions {
  readonly plant?: Plant
  /** What is run; default `core`. */
  readonly suite?: SuiteName
  /** How many runs it wants; default: as its suite says. */
  readonly runs?: RunCount
  /** Stops at the first violation; default true. */
  readonly stopsEarly?: boolean
  /** Told what happens, line by line. */
  readonly trace?: (line: string) => void
}

const longestSteps = 60_000
const calmMs = 40 * 60_000

/** Runs one seed: a while in bad weather, then calm until every run has ended, with every invariant checked after each step. */
export async function simulate(seed: number, options: SimulationOptions = {}): Promise<SimulationReport> {
  const suite = options.suite ?? 'core'
  const { workflows, hasRareLast = false, hasMishaps = false, runs = [2, 5] } = suiteOf(suite)
  const world = new SimulatedWorld(seed, {
    plant: options.plant ?? null,
    trace: options.trace ?? null,
    workflows,
    hasMishaps,
  })
  const simulation = new Simulation(world, {
    stopsEarly: options.stopsEarly ?? true,
    hasRareLast,
    hasMishaps,
    runs: options.runs ?? runs,
  })
  await simulation.run()
  const hash = createHash('sha256')
  let checkpoints = 0
  for (let position = 0; ;) {
    const page = await world.truth.after(position, 1_000)
    for (const stored of page) hash.update(stored.text)
    checkpoints += page.length
    position += page.length
    if (page.length < 1_000) break
  }
  return {
    suite,
    seed,
    violations: world.oracle.violations,
    coverage: world.coverage,
    digest: hash.digest('base64url'),
    runs: world.oracle.runs.size,
    checkpoints,
    steps: world.timeline.steps,
  }
}

/** A run that somebody wants. */
interface Order {
  /** Index of its workflow. */
  readonly workflow: number
  readonly key: string | undefined
  readonly index: number
  readonly tries: number
}

class Simulation {
  readonly #world: SimulatedWorld
  readonly #random: SeededRandom
  readonly #people: People
  readonly #senders: Senders
  readonly #stopsEarly: boolean
  readonly #hasRareLast: boolean
  readonly #hasMishaps: boolean
  readonly #runs: RunCount
  #started = 0
  #wanted = 0
  /** Whether every run had ended, and of which version of the store that is so. */
  #endedAt: { readonly version: number; readonly isSo: boolean } | null = null

  constructor(
    world: SimulatedWorld,
    {
      stopsEarly,
      hasRareLast,
      hasMishaps,
      runs,
    }: {
      readonly stopsEarly: boolean
      readonly hasRareLast: boolean
      readonly hasMishaps: boolean
      readonly runs: RunCount
    },
  ) {
    this.#world = world
    this.#hasMishaps = hasMishaps
    this.#hasRareLast = hasRareLast
    this.#runs = runs
    this.#random = world.random.branch('driver')
    this.#people = new People(world)
    this.#senders = new Senders(world)
    this.#stopsEarly = stopsEarly
  }

  async run(): Promise<void> {
    const { timeline, chaos, oracle } = this.#world
    const processes = this.#random.integer(2, 3)
    for (let index = 0; index < processes; index++) this.#world.spawn()
    this.#planStarts()
    this.#planActs()
    if (this.#hasEvents()) this.#senders.plan()
    if (this.#hasOperators()) new Operators(this.#world).plan()
    if (this.#hasMishaps) new Mishaps(this.#world, this.#people).plan()
    const storm = timeline.now + this.#random.integer(10_000, 50_000)
    await this.#until(() => timeline.now >= storm)
    chaos.end()
    const calm = new Calm(this.#world, this.#people)
    const isDone = (): boolean => this.#started >= this.#wanted && this.#allEnded()
    calm.see(isDone)
    const deadline = timeline.now + calmMs
    await this.#until(() => {
      if (oracle.hasMail()) calm.checkPrompt()
      return isDone() || timeline.now > deadline
    })
    if (this.#isStopped()) return
    for (const facts of this.#open())
      oracle.report(
        'every-run-ends',
        `the run is ${JSON.stringify(allOpen(facts.context))} ${facts.context.held === null ? '' : 'held'} after ${calmMs} ms of calm`,
        facts.runId,
      )
    if (this.#hasMishaps) await this.#forkRuns()
    if (!this.#isStopped()) await this.#checkEnd()
  }

  /** All is over: what if some of it had gone on otherwise? */
  async #forkRuns(): Promise<void> {
    const { timeline, oracle } = this.#world
    const forked = new ForkedRuns(this.#world, this.#people)
    forked.plan()
    const deadline = timeline.now + calmMs
    while (!(await forked.isDone()) && timeline.now <= deadline && !this.#isStopped()) {
      const from = timeline.now
      await this.#until(() => timeline.now > from + 2_000)
    }
    for (const runId of forked.open)
      oracle.report('every-run-ends', `the forked run is open after ${calmMs} ms of calm`, runId)
  }

  /** Steps until a condition holds, checking after each. */
  async #until(isDone: () => boolean): Promise<void> {
    const { timeline, oracle } = this.#world
    while (!isDone() && !this.#isStopped()) {
      const isMore = await timeline.step()
      await oracle.look()
      if (!isMore) return
      if (timeline.steps > longestSteps) {
        oracle.report('every-run-ends', `the world is still busy after ${longestSteps} steps`)
        return
      }
    }
  }

  #isStopped(): boolean {
    const { violations } = this.#world.oracle
    return violations.length > 0 && (this.#stopsEarly || violations.length > 50)
  }

  /** Others are simulated as they were before there were events. */
  #hasEvents(): boolean {
    const { specs, workflows } = this.#world
    return workflows.some(({ name }) => specs.get(name)?.graph.events !== undefined)
  }

  /** And before there were operators who send runs elsewhere. */
  #hasOperators(): boolean {
    const { specs, workflows } = this.#world
    return workflows.some(({ name }) => {
      const spec = specs.get(name)
      return spec !== undefined && hasRedirectable(spec)
    })
  }

  #open(): readonly RunFacts[] {
    return [...this.#world.oracle.runs.values()].filter((facts) => isOpen(facts))
  }

  /** Asked after each step: what is open changes with the store only. */
  #allEnded(): boolean {
    const { oracle } = this.#world
    if (this.#endedAt?.version !== oracle.version)
      this.#endedAt = { version: oracle.version, isSo: this.#open().length === 0 }
    return this.#endedAt.isSo
  }

  #planStarts(): void {
    const { timeline } = this.#world
    this.#wanted = this.#random.integer(...this.#runs)
    for (let index = 0; index < this.#wanted; index++) {
      const key = this.#random.chance(0.5) ? `key-${index}` : undefined
      const last = this.#world.workflows.length - 1
      const drawn = this.#random.integer(0, this.#hasRareLast ? last - 1 : last)
      const workflow = this.#hasRareLast && index === 0 && this.#world.seed % 12 === 0 ? last : drawn
      timeline.in(this.#random.integer(0, 15_000), null, () => this.#start({ workflow, key, index, tries: 0 }))
    }
  }

  #start(order: Order): void {
    const { timeline, workflows } = this.#world
    const again = (): void => void timeline.in(500, null, () => this.#start({ ...order, tries: order.tries + 1 }))
    const [host] = this.#random.shuffle(this.#world.running())
    const workflow = workflows[order.workflow]
    if (host === undefined || workflow === undefined) return again()
    const hasTwin = order.key !== undefined && order.tries === 0 && this.#random.chance(0.5)
    if (hasTwin) timeline.in(this.#random.pick([0, 0, 1, 5, 50]), null, () => this.#start({ ...order, tries: 1 }))
    else this.#started += 1
    timeline.in(0, host.process, () => {
      const options = {
        input: { ticket: `T${order.index}`, count: 0, trail: [] },
        ...(order.key !== undefined && { key: order.key }),
      }
      host.runtime.start(workflow, options).then(
        (run) => this.#follow(host, run),
        (error: unknown) => {
          this.#world.judge(error, 'a run was started')
          // A caller with a key may try again whatever came of it.
          if (order.key !== undefined) timeline.in(500, null, () => this.#startAgain(order))
        },
      )
    })
  }

  #startAgain(order: Order): void {
    this.#started -= 1
    this.#start({ ...order, tries: order.tries + 1 })
  }

  #follow(_host: Host, run: Run<unknown>): void {
    if (this.#random.chance(0.5))
      run
        .result({ until: this.#random.pick(['rest', 'end']) })
        .catch((error: unknown) => this.#world.judge(error, 'a result was awaited'))
  }

  #planActs(): void {
    const { timeline, chaos } = this.#world
    const act = (): void => {
      if (!chaos.isOn) return
      this.#act()
      timeline.in(this.#random.integer(50, 2_500), null, act)
    }
    timeline.in(100, null, act)
    if (this.#random.chance(0.5)) timeline.in(this.#random.integer(0, 5_000), null, () => this.#read(undefined))
  }

  #act(): void {
    const facts = this.#pickRun()
    const drawn = this.#random.next()
    if (drawn < 0.02) return this.#close()
    if (drawn < 0.04) return this.#read(undefined)
    if (facts === undefined) return
    if (drawn < 0.72) this.#people.look(facts, { isPrompt: false })
    else if (drawn < 0.78) this.#people.operate(facts, 'hold')
    else if (drawn < 0.87) this.#people.operate(facts, 'release')
    else if (drawn < 0.9) this.#people.operate(facts, 'cancel')
    else if (drawn < 0.93) this.#people.patch(facts)
    else this.#people.resume(facts)
  }

  #pickRun(): RunFacts | undefined {
    const runs = this.#world.oracle.known()
    const open = this.#open()
    return this.#random.chance(0.9) && open.length > 0
      ? this.#random.pick(open)
      : runs.length > 0
        ? this.#random.pick(runs)
        : undefined
  }

  /** Closes a runtime as a service that is deployed anew does. */
  #close(): void {
    const [host] = this.#random.shuffle(this.#world.running())
    if (host === undefined) return
    const drain = this.#random.chance(0.5)
    this.#world.timeline.in(0, host.process, () => {
      this.#closeHost(host, drain).catch((error: unknown) => this.#world.judge(error, 'a runtime was closed'))
    })
  }

  async #closeHost({ process, runtime }: Host, drain: boolean): Promise<void> {
    await runtime.close({ drain })
    this.#world.oracle.closed(process)
    this.#world.coverage.count(drain ? 'runtime drained' : 'runtime closed')
    process.kill()
    this.#world.timeline.in(this.#random.integer(0, 1_000), null, () => void this.#world.spawn())
  }

  /** Reads the events of all runs through one process, and goes on from the cursor through another when the reader gives up. */
  #read(cursor: string | undefined, told: RunEvent[] = []): void {
    const [host] = this.#random.shuffle(this.#world.running())
    if (host === undefined) return
    const stop = new AbortController()
    this.#world.timeline.in(0, host.process, () => {
      const reading = async (): Promise<void> => {
        for await (const event of host.runtime.events({
          signal: stop.signal,
          ...(cursor !== undefined && { cursor }),
        })) {
          if (stop.signal.aborted) return
          if (told.some((one) => one.cursor === event.cursor))
            this.#world.oracle.report('nothing-before-commit', `event ${event.cursor} was told twice`)
          told.push(event)
          this.#world.oracle.told(event)
        }
      }
      reading().catch((error: unknown) => this.#world.judge(error, 'events were read'))
    })
    this.#world.timeline.in(this.#random.integer(500, 8_000), null, () => {
      stop.abort()
      const last = told.at(-1)
      if (last === undefined || !this.#random.chance(0.6)) return
      this.#world.coverage.count('events resumed from a cursor')
      this.#read(last.cursor, told)
    })
  }

  async #checkEnd(): Promise<void> {
    const { truth, oracle, specs } = this.#world
    this.#senders.check()
    for (const facts of oracle.runs.values()) {
      const runId = facts.runId as RunId
      await this.#checkMemory(facts)
      if (facts.isDeleted) {
        await this.#checkGone(runId)
        continue
      }
      const row = await truth.row(runId)
      if (row === undefined || row.sequence !== facts.checkpoints.length - 1)
        oracle.report(
          'chain-holds',
          `the row says ${row?.sequence}, the checkpoints ${facts.checkpoints.length - 1}`,
          runId,
        )
      const last = facts.checkpoints.at(-1)
      if (row?.status !== last?.status)
        oracle.report('chain-holds', `the row says ${row?.status}, the last checkpoint ${last?.status}`, runId)
      const kept = (await truth.inbox([runId])).get(runId) ?? []
      for (const id of facts.inbox.keys())
        if (!kept.some((event) => event.id === id))
          oracle.report('inbox-is-kept', `event ${id} was delivered and is gone`, runId)
      const spec = specs.get(row?.workflow ?? '')
      if (spec === undefined) continue
      const replay = await replayRun(truth, spec, runId)
      if (replay.divergence !== null) oracle.report('plan-is-pure', replay.divergence.message, runId)
    }
  }

  /** Nothing is left of a run that was deleted. */
  async #checkGone(runId: RunId): Promise<void> {
    const { truth, oracle } = this.#world
    const isThere = (await truth.row(runId)) !== undefined || (await truth.load(runId)) !== undefined
    const inbox = (await truth.inbox([runId])).get(runId) ?? []
    if (isThere || inbox.length > 0) oracle.report('deleted-is-gone', `the run was deleted and is there`, runId)
  }

  /** What a run that has completed put into the memory is there, whatever became of the run. */
  async #checkMemory({ runId, spec, context }: RunFacts): Promise<void> {
    const { memory, oracle, timeline, coverage } = this.#world
    if (spec.graph.name !== bureau.name || context.ending?.status !== 'completed') return
    const entry = await memory.get({ scope: ['letters'], key: runId, now: timeline.now })
    if (entry === undefined) oracle.report('deleted-is-gone', 'what it remembered is gone', runId)
    coverage.count('remembered across runs')
  }
}
