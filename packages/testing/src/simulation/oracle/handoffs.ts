import type { Checkpoint, HandoffLimitsRecord, HandoffMade, ModelRequest, RunContext } from '@waystone/core'
import type { Coverage } from '../coverage.ts'
import { expectRoute, type Expectation } from './routing.ts'
import { attemptKey, textOf, type Report, type RunFacts } from './run-facts.ts'
import type { BegunCall } from './tool-checks.ts'

type Decision = NonNullable<Checkpoint['decision']>
type Payload = Extract<Checkpoint['event'], { type: 'effect.ended' }>['payload']
type Call = NonNullable<Payload['message']>['calls'][number]

/** A handoff that a model has asked for and that fits. */
interface Asked {
  readonly callId: string
  readonly handoff: string
  readonly contract: string
  readonly reason: string
  readonly summary: string | undefined
  readonly hasOthers: boolean
}

/** A handoff of the chain, by the oracle's own count. */
interface Known {
  readonly from: string
  readonly to: string
  readonly reason: string
  readonly contract: string
  readonly at: number
  readonly tooMany: string | null
}

/** Where a handoff leads; `tooMany`: the limit by which it was one too many. */
interface Way extends Expectation {
  readonly tooMany: string | null
}

/** What a visit was handed over with. */
interface Told {
  readonly reason: string
  readonly slice: 'all' | 'last' | 'summary' | 'contract' | 'none'
  readonly summary: string | undefined
}

interface Change {
  readonly before: RunContext | null
  readonly after: RunContext
  readonly report: Report
  readonly coverage: Coverage
}

/** What the oracle knows of handing over in one run, or in a workflow nested in it: by the graph, the events and what models were asked. */
class HandoffFacts {
  #chain: Known[] = []
  #refused = 0
  #since: number | null = null
  /** By node and visit. */
  readonly #asked = new Map<string, Asked>()
  /** What a visit was handed over with, by node and visit. */
  readonly #told = new Map<string, Told>()
  /** Handoffs that a model may be offered, by attempt that asks it. */
  readonly #open = new Map<string, ReadonlySet<string>>()
  /** Attempts that are the first of their visit. */
  readonly #first = new Map<string, string>()
  /** Where what was asked for was to lead, by node and visit. */
  readonly #ways = new Map<string, Way | undefined>()
  /** Contracts that did not fit, by node and visit. */
  readonly #misfits = new Map<string, number>()

  /** Takes in what a model has answered, before the decision about it is looked at. */
  note(facts: RunFacts, { event, decision }: Checkpoint, { before, report, coverage }: Change): void {
    if (event.type !== 'effect.ended' || decision === null) return
    const open = before?.open[event.payload.step]
    const { payload } = event
    if (open?.kind !== 'model' || payload.message === undefined || payload.misfit !== undefined) return
    const record = facts.spec.graph.nodes[open.node]
    if (record?.kind !== 'agent' || record.handoffs === undefined) return
    const offered = this.#offer(facts, attemptKey(payload.step, payload.attempt), open)
    const visit = `${open.node}/${open.visit}`
    let found: Asked | undefined
    let hasMisfit = false
    for (const call of payload.message.calls) {
      const name = handoffName(call)
      if (name === null) continue
      const expected =
        found === undefined ? refusal(record.handoffs[name], { call, isOffered: offered.has(name) }) : 'handoff'
      const stored = payload.refusedCalls?.[call.id]?.rule ?? null
      if (stored !== expected)
        report(
          'handoffs-keep-limits',
          `call ${call.id} of ${call.name} by ${open.node} was refused by ${stored}; it is to be by ${expected}`,
        )
      if (expected === null) found = askedBy(call, name, payload.message.calls.length > 1)
      else {
        this.#refused += 1
        coverage.count('handoff refused')
        if (expected === 'contract') hasMisfit = true
      }
    }
    if ((payload.handoff?.callId ?? null) !== (found?.callId ?? null))
      report(
        'handoffs-keep-limits',
        `${open.node} hands over by ${payload.handoff?.callId}; its calls say ${found?.callId}`,
      )
    if (found !== undefined) {
      this.#asked.set(visit, found)
      if (this.#misfits.has(visit)) coverage.count('contract mended')
    } else if (hasMisfit) this.#noteMisfit(visit, { decision, coverage })
  }

  #noteMisfit(
    visit: string,
    { decision, coverage }: { readonly decision: Decision; readonly coverage: Coverage },
  ): void {
    const times = (this.#misfits.get(visit) ?? 0) + 1
    this.#misfits.set(visit, times)
    if (decision.outcome === 'failed') coverage.count('contract given up')
  }

  /** Where a handoff leads by the graph and the oracle's own chain; undefined: nowhere. */
  expect(facts: RunFacts, { node, visit, outcome }: Decision, at: number): Way | undefined {
    const place = `${node}/${visit}`
    const asked = this.#asked.get(place)
    const way = asked?.handoff === outcome ? this.#wayOf(facts, { from: node, asked, at }) : undefined
    // Looked at before the edge is counted.
    this.#ways.set(place, way)
    return way
  }

  #wayOf(
    facts: RunFacts,
    {
      from,
      asked,
      at,
    }: { readonly from: string; readonly asked: Pick<Asked, 'handoff'> & Partial<Asked>; readonly at: number },
  ): Way | undefined {
    const route = expectRoute(facts, from, asked.handoff)
    if (route === undefined) return undefined
    const hit = this.#limitHit(facts.spec.graph.limits.handoffs, { from, to: route.to, contract: asked.contract, at })
    if (hit === null) return { ...route, tooMany: null }
    const escalation = facts.spec.graph.edges.find((edge) => edge.from === from && edge.outcome === ':handoffs')
    const isOver = this.#chain.some(({ tooMany }) => tooMany !== null)
    return escalation === undefined || isOver ? undefined : { taken: escalation.id, to: escalation.to, tooMany: hit }
  }

  #limitHit(
    limits: HandoffLimitsRecord | undefined,
    {
      from,
      to,
      contract,
      at,
    }: { readonly from: string; readonly to: string; readonly contract: string | undefined; readonly at: number },
  ): string | null {
    const counted = this.#chain.filter(({ tooMany }) => tooMany === null)
    const pair = counted.filter((one) => one.from === from && one.to === to)
    if (counted.length >= (limits?.max ?? Infinity)) return 'max'
    if (pair.length >= (limits?.perPair ?? Infinity)) return 'perPair'
    const same = contract === undefined ? 0 : pair.filter((one) => one.contract === contract).length
    if (contract !== undefined && same >= (limits?.identical ?? Infinity)) return 'identical'
    return this.#since !== null && at - this.#since > (limits?.withinMs ?? Infinity) ? 'within' : null
  }

  /** Takes in a stored checkpoint, after its decision was looked at. */
  settle(facts: RunFacts, checkpoint: Checkpoint, change: Change): void {
    const { decision, event, commands, sequence } = checkpoint
    const { before, after, report, coverage } = change
    for (let one = decision ?? undefined; one !== undefined; one = one.next)
      this.#decided(facts, one, { ...change, at: event.at })
    this.#restart(facts, { before, after, coverage })
    for (const command of commands) {
      const open = command.type === 'effect' ? after.open[command.step] : undefined
      if (command.type === 'effect' && open?.kind === 'model') this.#begins(facts, { command, open })
    }
    this.#compare(after, report, sequence)
  }

  #decided(facts: RunFacts, decision: Decision, { at, report, coverage }: Change & { readonly at: number }): void {
    const { node, visit, handoff, taken, outcome } = decision
    const place = `${node}/${visit}`
    const asked = this.#asked.get(place)
    if (asked === undefined) {
      if (handoff !== undefined)
        report('handoffs-keep-limits', `${node} handed over, and its model had not asked for it`)
      return
    }
    if (handoff === undefined) return this.#unmade(facts, { decision, place, asked, at, report, coverage })
    this.#asked.delete(place)
    const way = this.#ways.get(place)
    if ((handoff.tooMany?.name ?? null) !== (way?.tooMany ?? null))
      report(
        'handoffs-keep-limits',
        `${node}.${outcome} was one too many by ${handoff.tooMany?.name}; by the chain it is by ${way?.tooMany}`,
      )
    const to = decision.to ?? ''
    this.#since ??= at
    this.#chain.push({
      from: node,
      to,
      reason: asked.reason,
      contract: asked.contract,
      at,
      tooMany: handoff.tooMany?.name ?? null,
    })
    const slice = sliceOf(facts, node, asked.handoff)
    const entered = facts.spec.graph.nodes[to]
    // The visit it begins is counted once it is stored.
    if (entered?.kind === 'agent')
      this.#told.set(`${to}/${(facts.context.visits[to] ?? 0) + 1}`, {
        reason: asked.reason,
        slice,
        summary: asked.summary,
      })
    coverage.count(handoff.tooMany === undefined ? 'handoff made' : `one too many by ${handoff.tooMany.name}`)
    if (asked.hasOthers) coverage.count('handoff beside other calls')
    if (entered?.kind !== 'agent' && handoff.tooMany === undefined) coverage.count('handoff to no agent')
    if (taken.endsWith(':otherwise')) coverage.count('handoff by another way')
    if (facts.forks.size > 0) coverage.count('handoff in a branch')
    if (facts.around !== null) coverage.count('handoff in what is nested')
  }

  /** What was asked for and not made: it could not be any more, or the agent has ended another way. */
  #unmade(
    facts: RunFacts,
    {
      decision,
      place,
      asked,
      at,
      report,
      coverage,
    }: { readonly decision: Decision; readonly place: string; readonly asked: Asked; readonly at: number } & Pick<
      Change,
      'report' | 'coverage'
    >,
  ): void {
    const { node, taken, to, candidates } = decision
    const isNextTurn = taken === `${node}:model`
    const isStopped = candidates.some(({ edge, verdict }) => edge === `${node}:model` && verdict === 'exhausted')
    // Without a further model call the agent fails over it.
    const hasFailed = taken.startsWith(`${node}.failed`)
    if (!isNextTurn && !isStopped && !hasFailed) {
      if (to === null) return
      this.#asked.delete(place)
      return coverage.count('handoff left unmade')
    }
    this.#asked.delete(place)
    this.#refused += 1
    coverage.count('handoff closed meanwhile')
    if (this.#wayOf(facts, { from: node, asked, at }) !== undefined)
      report(
        'handoffs-keep-limits',
        `${node} did not hand over to ${asked.handoff}, which the graph and the chain allow`,
      )
  }

  /** A new chain begins where the limit says so. */
  #restart(facts: RunFacts, { before, after, coverage }: Pick<Change, 'before' | 'after' | 'coverage'>): void {
    const per = facts.spec.graph.limits.handoffs?.per ?? null
    if (per === null || (after.visits[per] ?? 0) === (before?.visits[per] ?? 0)) return
    if (this.#chain.length > 0) coverage.count('chain begun anew')
    this.#chain = []
    this.#refused = 0
    this.#since = null
  }

  #begins(
    facts: RunFacts,
    {
      command,
      open,
    }: {
      readonly command: Extract<Checkpoint['commands'][number], { type: 'effect' }>
      readonly open: RunContext['open'][string]
    },
  ): void {
    const record = facts.spec.graph.nodes[open.node]
    if (record?.kind !== 'agent') return
    const key = attemptKey(command.step, command.attempt)
    this.#open.set(key, this.#openNow(facts, open))
    this.#first.set(key, `${open.node}/${open.visit}`)
  }

  /** What a model was offered; the first of a nested workflow begins with the checkpoint of the one around it. */
  #offer(facts: RunFacts, key: string, open: RunContext['open'][string]): ReadonlySet<string> {
    return this.#open.get(key) ?? this.#openNow(facts, open)
  }

  #openNow(facts: RunFacts, { node, since }: RunContext['open'][string]): ReadonlySet<string> {
    const record = facts.spec.graph.nodes[node]
    const names = Object.keys((record?.kind === 'agent' ? record.handoffs : undefined) ?? {})
    return new Set(
      names.filter((handoff) => this.#wayOf(facts, { from: node, asked: { handoff }, at: since }) !== undefined),
    )
  }

  #compare({ handoffs }: RunContext, report: Report, sequence: number): void {
    const stored = (handoffs?.made ?? []).map((made: HandoffMade) => [
      made.from,
      made.to,
      made.reason,
      made.at,
      made.tooMany?.name ?? null,
    ])
    const known = this.#chain.map(({ from, to, reason, at, tooMany }) => [from, to, reason, at, tooMany])
    if (textOf(stored) !== textOf(known) || (handoffs?.refused ?? 0) !== this.#refused)
      report(
        'handoffs-keep-limits',
        `after ${sequence} the chain is ${textOf(stored)}, ${handoffs?.refused ?? 0} refused; the events give ${textOf(known)}, ${this.#refused} refused`,
      )
    if (handoffs?.going !== undefined)
      report(
        'handoffs-keep-limits',
        `after ${sequence} something is still on its way to ${handoffs.going.map(({ to }) => to).join()}`,
      )
  }

  /** A model is offered exactly the handoffs that can be made, and told exactly what was declared to go along. */
  begin(
    facts: RunFacts,
    { call, node, key }: Pick<BegunCall, 'call' | 'node' | 'key'>,
    { report, coverage }: Pick<Change, 'report' | 'coverage'>,
  ): void {
    const record = facts.spec.graph.nodes[node]
    const open = this.#open.get(key)
    if (record?.kind !== 'agent' || open === undefined) return
    const request = call.input as unknown as ModelRequest
    const names = Object.keys(record.handoffs ?? {})
    const allowed = names.filter((name) => open.has(name)).map((name) => `handoff_${name}`)
    const offered = request.tools.map(({ name }) => name).filter((name) => name.startsWith('handoff_'))
    if (offered.join() !== allowed.join())
      report(
        'handoffs-keep-limits',
        `${call.node} ${key} was offered ${offered.join() || 'no handoff'}; it may make ${allowed.join() || 'none'}`,
      )
    if (allowed.length < names.length) coverage.count('handoff not offered')
    const told = this.#told.get(this.#first.get(key) ?? '')
    if (told !== undefined) checkTold(told, request, { report, coverage, what: `${call.node} ${key}` })
  }
}

const wordsOfMessages = 'What was said before, one message a line, oldest first:'

function checkTold(
  { reason, slice, summary }: Told,
  { messages }: ModelRequest,
  { report, coverage, what }: Pick<Change, 'report' | 'coverage'> & { readonly what: string },
): void {
  const texts = messages.flatMap(({ role, content }) =>
    role === 'user' ? content.map((part) => (part.type === 'text' ? part.text : '')) : [],
  )
  const own = texts.filter((text) => text.startsWith('Agent ') && text.split('\n')[1]?.includes(reason) === true)
  const [text = ''] = own
  coverage.count(`told ${slice}`)
  const found = {
    times: own.length,
    summary: summary !== undefined && text.includes(summary),
    messages: text.includes(wordsOfMessages),
  }
  const expected = {
    times: slice === 'none' ? 0 : 1,
    summary: slice === 'summary',
    messages: slice === 'all' || slice === 'last',
  }
  if (textOf(found) !== textOf(expected))
    report(
      'handoffs-tell-their-slice',
      `${what} was told ${textOf(found)} of a handoff with slice ${slice}; it is to be ${textOf(expected)}`,
    )
}

function handoffName({ name }: Call): string | null {
  return name.startsWith('handoff_') ? name.slice('handoff_'.length) : null
}

type HandoffRecord = NonNullable<
  Extract<RunFacts['spec']['graph']['nodes'][string], { kind: 'agent' }>['handoffs']
>[string]

/** Why a call is not to be made, by the rules that the documentation gives; null: it fits. */
function refusal(
  record: HandoffRecord | undefined,
  { call, isOffered }: { readonly call: Call; readonly isOffered: boolean },
): 'handoff' | 'contract' | null {
  if (record === undefined || !isOffered) return 'handoff'
  const given = argumentsOf(call)
  const { properties = {} } = record.contractSchema as {
    readonly properties?: { readonly [key: string]: { readonly type?: string } }
  }
  const fits = Object.entries(properties).every(([key, { type = 'string' }]) => typeof given[key] === type)
  const hasText = (key: string): boolean => typeof given[key] === 'string' && given[key] !== ''
  return fits && hasText('reason') && (record.slice !== 'summary' || hasText('summary')) ? null : 'contract'
}

function argumentsOf({ arguments: given }: Call): { readonly [key: string]: unknown } {
  // A list has no reason, as an object without one.
  const entries: readonly (readonly [string, unknown])[] = Object.entries(given ?? {})
  return Object.fromEntries(entries)
}

function askedBy(call: Call, handoff: string, hasOthers: boolean): Asked {
  const { reason, summary, ...rest } = argumentsOf(call)
  const contract = textOf(Object.entries(rest).toSorted(([one], [other]) => (one < other ? -1 : 1)))
  return {
    callId: call.id,
    handoff,
    contract,
    reason: typeof reason === 'string' ? reason : '',
    summary: typeof summary === 'string' ? summary : undefined,
    hasOthers,
  }
}

function sliceOf({ spec }: RunFacts, node: string, handoff: string): Told['slice'] {
  const record = spec.graph.nodes[node]
  const slice = record?.kind === 'agent' ? record.handoffs?.[handoff]?.slice : undefined
  return typeof slice === 'object' ? 'last' : (slice ?? 'contract')
}

const known = new WeakMap<RunFacts, HandoffFacts>()

/** What is known of handing over in a run, or in a workflow nested in it. */
export function handoffsOf(facts: RunFacts): HandoffFacts {
  const handoffs = known.get(facts) ?? new HandoffFacts()
  known.set(facts, handoffs)
  return handoffs
}
