import type { Checkpoint, JsonObject, ModelRequest, RunContext } from '@waystone/core'
import type { Coverage } from '../coverage.ts'
import type { SimulatedProcess } from '../process.ts'
import type { WorldCall } from '../surroundings.ts'
import { isModelCall } from '../model.ts'
import { allOpen } from './parts.ts'
import { holds } from './routing.ts'
import { attemptKey, textOf, type InvariantName, type RunFacts } from './run-facts.ts'

type Report = (invariant: InvariantName, message: string) => void
type OpenStep = RunContext['open'][string]
type Call = NonNullable<Extract<Checkpoint['event'], { type: 'effect.ended' }>['payload']['message']>['calls'][number]

/** What a visit of an agent has called, by name of the tool asked for. */
interface VisitFacts {
  readonly endedWell: Set<string>
  readonly answered: Map<string, number>
}

/** A call that a model asked for. */
interface AskedCall {
  readonly tool: string
  /** Rules that keep tools back in the request it was asked in, by tool. */
  readonly kept: ReadonlyMap<string, string>
  readonly isRefused: boolean
  /** Tools that have failed for good for it. */
  readonly failed: string[]
}

/** Pure calls of a run and of all that is nested in it, by tool and arguments. */
class PureCalls {
  /** Those that ended well. */
  readonly gave = new Set<string>()
  /** In the fake world. */
  readonly begun = new Map<string, { readonly process: SimulatedProcess; readonly call: WorldCall }[]>()
  /** By step. */
  readonly callOf = new Map<string, string>()
}

/** What the oracle knows of the tools of one run, or of a workflow nested in it, worked out from events and from what the fake world saw. */
class ToolFacts {
  readonly #pure: PureCalls
  readonly #visits = new Map<string, VisitFacts>()
  /** By node and call id. */
  readonly #calls = new Map<string, AskedCall>()
  /** Tools that a model may not be offered, by attempt that asks it. */
  readonly #kept = new Map<string, ReadonlyMap<string, string>>()
  /** As the run must say it was degraded, by `node:by`. */
  readonly #degraded = new Map<string, number>()

  constructor(pure: PureCalls) {
    this.#pure = pure
  }

  /** What a nested workflow was degraded by is told by the one around it once it has ended. @param node - that holds it */
  takeOver(node: string, inside: ToolFacts): void {
    for (const [place, times] of inside.#degraded)
      this.#degraded.set(`${node}/${place}`, (this.#degraded.get(`${node}/${place}`) ?? 0) + times)
  }

  /** Takes in a stored checkpoint. */
  follow(
    facts: RunFacts,
    checkpoint: Checkpoint,
    {
      before,
      after,
      report,
    }: { readonly before: RunContext | null; readonly after: RunContext; readonly report: Report },
  ): void {
    const { event, decision } = checkpoint
    const step = event.type === 'effect.ended' ? before?.open[event.payload.step] : undefined
    if (event.type === 'effect.ended' && step !== undefined && decision !== null) {
      const { payload } = event
      if (step.kind === 'model' && payload.message !== undefined && payload.misfit === undefined)
        this.#asked(facts, { step, payload, report })
      // A further attempt that a limit forbids leaves the call without an answer.
      const isStopped = decision.candidates.some(
        ({ edge, verdict }) => edge.endsWith(':retry') && verdict === 'exhausted',
      )
      if (step.kind === 'call' || step.kind === 'tool') this.#ended(facts, { step, payload, after, isStopped })
    }
    for (let one = decision ?? undefined; one !== undefined; one = one.next) this.#tookEdge(facts, one)
    for (const command of checkpoint.commands) {
      const open = command.type === 'effect' ? after.open[command.step] : undefined
      if (command.type === 'effect' && open?.kind === 'model')
        this.#kept.set(attemptKey(command.step, command.attempt), this.#keptBack(facts, open))
    }
    this.#checkDegraded(after, report, checkpoint.sequence)
  }

  /** Holds the beginning of an attempt in the fake world against the rules. */
  begin(facts: RunFacts, { process, call, node, key, isStale }: BegunCall, report: Report): void {
    const step = key.slice(0, key.indexOf('/'))
    if (isModelCall(call.name)) return this.#checkOffer(facts, { call, node, key, report })
    const open = facts.context.open[step]
    if (open?.callId !== undefined) this.#checkCall(facts, { call, node, open, report })
    if (call.effect === 'pure' && facts.spec.graph.tools[call.name] !== undefined)
      this.#checkOnce(facts, { process, call, step, isStale, report })
  }

  #visit({ node, visit }: Pick<OpenStep, 'node' | 'visit'>): VisitFacts {
    const name = `${node}/${visit}`
    const known = this.#visits.get(name) ?? { endedWell: new Set(), answered: new Map() }
    this.#visits.set(name, known)
    return known
  }

  /** What each rule says now. */
  #keptBack(facts: RunFacts, open: OpenStep): ReadonlyMap<string, string> {
    const record = facts.spec.graph.nodes[open.node]
    const kept = new Map<string, string>()
    if (record?.kind !== 'agent') return kept
    const { endedWell, answered } = this.#visit(open)
    for (const [tool, rule] of Object.entries(record.toolRules ?? {})) {
      if (rule.when !== undefined && !holds(facts, rule.when)) kept.set(tool, 'when')
      else if (rule.after?.some((other) => !endedWell.has(other)) === true) kept.set(tool, 'after')
      else if ((answered.get(tool) ?? 0) >= (rule.maxCalls ?? Infinity)) kept.set(tool, 'maxCalls')
    }
    return kept
  }

  /** A model has asked for calls: those against a rule must be known as refused. */
  #asked(
    facts: RunFacts,
    {
      step,
      payload,
      report,
    }: {
      readonly step: OpenStep
      readonly payload: Extract<Checkpoint['event'], { type: 'effect.ended' }>['payload']
      readonly report: Report
    },
  ): void {
    const record = facts.spec.graph.nodes[step.node]
    const kept = this.#kept.get(attemptKey(payload.step, payload.attempt)) ?? new Map<string, string>()
    const visit = this.#visit(step)
    for (const { id, name, arguments: given } of payload.message?.calls ?? []) {
      const refused = payload.refusedCalls?.[id]
      const most = record?.kind === 'agent' ? record.toolRules?.[name]?.maxCalls : undefined
      const isOver = (visit.answered.get(name) ?? 0) >= (most ?? Infinity)
      const rule = kept.get(name) ?? (isOver ? 'maxCalls' : undefined)
      const what = `call ${id} of ${name} by ${step.node}`
      if (rule !== undefined && refused === undefined) report('tools-keep-rules', `${what} was not refused by ${rule}`)
      if (rule === undefined && ['when', 'after', 'maxCalls'].includes(refused?.rule ?? ''))
        report('tools-keep-rules', `${what} was refused by ${refused?.rule}, which allows it`)
      this.#calls.set(`${step.node}/${id}`, { tool: name, kept, isRefused: refused !== undefined, failed: [] })
      if (refused !== undefined) continue
      visit.answered.set(name, (visit.answered.get(name) ?? 0) + 1)
      // An identical call that ended well answers it.
      if (this.#pure.gave.has(callKey(name, given)) && isPure(facts, step.node, name)) visit.endedWell.add(name)
    }
  }

  #ended(
    facts: RunFacts,
    {
      step,
      payload,
      after,
      isStopped,
    }: {
      readonly step: OpenStep
      readonly payload: Extract<Checkpoint['event'], { type: 'effect.ended' }>['payload']
      readonly after: RunContext
      readonly isStopped: boolean
    },
  ): void {
    const index = String(payload.step)
    const key = this.#pure.callOf.get(index)
    // One that was answered from the cache has called nothing: what a process before began for it may have had another input.
    if (payload.outcome === 'done' && payload.isCached !== true && key !== undefined) this.#pure.gave.add(key)
    const asked = this.#calls.get(`${step.node}/${step.callId}`)
    if (asked === undefined || step.tool === undefined) return
    if (payload.outcome === 'done') {
      this.#visit(step).endedWell.add(asked.tool).add(step.tool)
      if (step.tool !== asked.tool) this.#degrade(`${step.node}:alternate`)
    } else if (!isStopped && after.open[index] === undefined && payload.outcome !== 'unknown') {
      asked.failed.push(step.tool)
      const record = facts.spec.graph.nodes[step.node]
      const rule = record?.kind === 'agent' ? record.toolRules?.[asked.tool] : undefined
      const isLast = asked.failed.length > (rule?.alternates?.length ?? 0)
      if (isLast && rule?.otherwise !== undefined) this.#degrade(`${step.node}:otherwise`)
    }
  }

  #tookEdge({ spec }: RunFacts, { node, taken }: NonNullable<Checkpoint['decision']>): void {
    if (spec.graph.edges.find(({ id }) => id === taken)?.isDegraded === true) this.#degrade(`${node}:edge`)
  }

  #degrade(place: string): void {
    this.#degraded.set(place, (this.#degraded.get(place) ?? 0) + 1)
  }

  /** Fallback models say so too; they are not counted here. */
  #checkDegraded({ degraded = {} }: RunContext, report: Report, sequence: number): void {
    const said = Object.entries(degraded).filter(([, { by }]) => by !== 'fallback')
    const found = said.map(([place, { times }]) => `${place} ${times}`).toSorted()
    const known = [...this.#degraded].map(([place, times]) => `${place} ${times}`).toSorted()
    if (found.join() !== known.join())
      report(
        'degraded-runs-say-so',
        `after ${sequence} the run says ${found.join() || 'nothing'}; it was ${known.join() || 'not degraded'}`,
      )
  }

  /** A model is offered what the rules allow, all of it and nothing else. */
  #checkOffer(
    { spec }: RunFacts,
    { call, node, key, report }: Pick<BegunCall, 'call' | 'node' | 'key'> & { readonly report: Report },
  ): void {
    const record = spec.graph.nodes[node]
    const kept = this.#kept.get(key)
    if (record?.kind !== 'agent' || record.toolRules === undefined || kept === undefined) return
    const offered = (call.input as unknown as ModelRequest).tools.map(({ name }) => name).toSorted()
    const allowed = record.tools.filter((tool) => !kept.has(tool)).toSorted()
    // A last call that must bring the answer may be offered nothing.
    if (offered.length > 0 && offered.join() !== allowed.join())
      report('tools-keep-rules', `${call.node} ${key} was offered ${offered.join()}; allowed are ${allowed.join()}`)
  }

  /** A call runs only as it was asked for: not refused, not kept back, an alternate only after those before it. */
  #checkCall(
    facts: RunFacts,
    {
      call,
      node,
      open,
      report,
    }: Pick<BegunCall, 'call' | 'node'> & { readonly open: OpenStep; readonly report: Report },
  ): void {
    const asked = this.#calls.get(`${node}/${open.callId}`)
    const record = facts.spec.graph.nodes[node]
    const what = `${call.name} of ${call.node} at ${call.effectId}`
    if (asked === undefined || record?.kind !== 'agent') return
    const rule = record.toolRules?.[asked.tool]
    const keptBy = asked.kept.get(asked.tool)
    if (asked.isRefused || keptBy !== undefined)
      report('tools-keep-rules', `${what} began although ${keptBy ?? 'it was refused'} keeps it back`)
    if (call.name === asked.tool) {
      const effect = rule?.effect ?? facts.spec.graph.tools[call.name]?.effect
      if (call.effect !== effect) report('tools-keep-rules', `${what} ran as ${call.effect}; it is ${effect}`)
      return
    }
    const place = rule?.alternates?.indexOf(call.name) ?? -1
    const before = [asked.tool, ...(rule?.alternates ?? [])].slice(0, place + 1)
    if (place < 0 || before.join() !== asked.failed.join())
      report(
        'tools-keep-rules',
        `${what} began in place of ${asked.tool}; ${asked.failed.join() || 'nothing'} had failed`,
      )
  }

  /** An identical call runs once in a run; again only when the first has failed, or nobody waits for it any more. */
  #checkOnce(
    facts: RunFacts,
    {
      process,
      call,
      step,
      isStale,
      report,
    }: {
      readonly process: SimulatedProcess
      readonly call: WorldCall
      readonly step: string
      readonly isStale: boolean
      readonly report: Report
    },
  ): void {
    const key = callKey(call.name, call.input)
    // Of a process that has lost the run no end is stored.
    if (!isStale) this.#pure.callOf.set(step, key)
    const others = this.#pure.begun.get(key) ?? []
    if (!isStale && this.#pure.gave.has(key))
      report('pure-calls-run-once', `${call.effectId} called ${key}, which had been called with success`)
    const twin = others.find((other) => {
      const index = other.call.effectId.slice(other.call.runId.length + 1)
      const isOpen = allOpen(facts.run.context)[index]?.attempt === other.call.attempt
      const hasEnded = facts.ends.has(attemptKey(index, other.call.attempt)) || facts.isAnswered(other.call)
      return index !== step && other.process === process && isOpen && !hasEnded && !other.call.signal.aborted
    })
    if (!isStale && twin !== undefined)
      report('pure-calls-run-once', `${call.effectId} called ${key} while ${twin.call.effectId} did`)
    this.#pure.begun.set(key, [...others, { process, call }])
  }
}

/** A call that begins in the fake world, and its node as the workflow that it is of names it. */
export interface BegunCall {
  readonly process: SimulatedProcess
  readonly call: WorldCall
  readonly node: string
  /** `step/attempt`. */
  readonly key: string
  readonly isStale: boolean
}

const pureCalls = new WeakMap<RunFacts, PureCalls>()
const known = new WeakMap<RunFacts, ToolFacts>()

/** What is known of the tools of a run, or of a workflow nested in it. */
export function toolsOf(facts: RunFacts): ToolFacts {
  const pure = pureCalls.get(facts.run) ?? new PureCalls()
  pureCalls.set(facts.run, pure)
  const tools = known.get(facts) ?? new ToolFacts(pure)
  known.set(facts, tools)
  return tools
}

function callKey(tool: string, given: Call['arguments'] | JsonObject): string {
  return textOf([tool, given])
}

function isPure({ spec }: RunFacts, node: string, tool: string): boolean {
  const record = spec.graph.nodes[node]
  const own = record?.kind === 'agent' ? record.toolRules?.[tool]?.effect : undefined
  return (own ?? spec.graph.tools[tool]?.effect) === 'pure'
}

/** Counts what a checkpoint shows of rules, the cache and alternates. */
export function countTools(
  { event, step }: Checkpoint,
  {
    before,
    after,
    coverage,
  }: { readonly before: RunContext | null; readonly after: RunContext; readonly coverage: Coverage },
): void {
  for (const [place, { by, times }] of Object.entries(after.degraded ?? {}))
    if (times > (before?.degraded?.[place]?.times ?? 0)) coverage.count(`degraded by ${by}`)
  if (event.type !== 'effect.ended') return
  const { withheld, refusedCalls, isCached } = event.payload
  if (withheld !== undefined) coverage.count('tool kept back')
  for (const { rule } of Object.values(refusedCalls ?? {})) coverage.count(`call refused by ${rule}`)
  const kind = before?.open[event.payload.step]?.kind
  if (isCached === true) coverage.count(kind === 'call' ? 'identical call waited for' : 'tool node not run again')
  if (kind !== 'model' || step === null) return
  const entry = after.private[step.node]?.entries.findLast((one) => 'type' in one && one.type === 'results')
  if (entry === undefined || !('type' in entry) || entry.type !== 'results') return
  if (event.payload.message?.calls.some(({ id }) => entry.calls[0]?.callId === id) !== true) return
  for (const { cached, sameAs } of entry.calls) {
    if (cached !== undefined) coverage.count('call answered from the cache')
    if (sameAs !== undefined) coverage.count('calls of one turn shared')
  }
}
