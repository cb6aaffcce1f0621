import { effectIdOf, type RunId } from '../base/ids.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import { placesOf, rootPlace, type Place } from '../compile/place.ts'
import { requestDigest } from '../compile/request-digest.ts'
import { askedCallOf, deciding, type AskedCall } from '../compile/sticky-rules.ts'
import type { Graph } from '../graph/graph.ts'
import { graphsOf } from '../graph/nested-graphs.ts'
import { callApprovalOf } from '../graph/tool-use.ts'
import type { EngineEvent } from '../snapshot/event.ts'
import type { Snapshot } from '../snapshot/snapshot.ts'
import type { StickyRule } from '../snapshot/sticky-rule.ts'
import type { DriveHost } from './drive-host.ts'
import type { Acceptance } from './runtime.ts'

/** What a desk needs of its drive. */
export interface RuleDeskOwner {
  readonly runId: RunId
  readonly compiled: CompiledWorkflow
  readonly snapshot: Snapshot
  post(entry: { readonly event: EngineEvent; readonly onTaken: (acceptance: Acceptance) => void }): void
  /** A look into the store is over. */
  onLooked(): void
}

const mayRemember = new WeakMap<Graph, boolean>()

/** Whether anything is asked in a workflow whose answer may be remembered. */
function hasRemembered(graph: Graph): boolean {
  const known = mayRemember.get(graph)
  if (known !== undefined) return known
  const found = graphsOf(graph).some((one) =>
    Object.values(one.nodes).some(
      (node) =>
        node.kind === 'agent' &&
        node.tools.some(
          (tool) =>
            (callApprovalOf(one, node, tool)?.remember ?? 'run') !== 'never' &&
            callApprovalOf(one, node, tool) !== null,
        ),
    ),
  )
  mayRemember.set(graph, found)
  return found
}

/** Decides calls by what persons have had remembered: of each request it looks once whether a rule is there for it. */
export class RuleDesk {
  readonly #owner: RuleDeskOwner
  readonly #host: DriveHost
  readonly #isNeeded: boolean
  /** Steps that were looked at. */
  readonly #seen = new Set<number>()
  #looking = 0

  constructor(owner: RuleDeskOwner, host: DriveHost) {
    this.#owner = owner
    this.#host = host
    this.#isNeeded = hasRemembered(owner.compiled.graph)
  }

  /** True while the store is asked: the run does not rest before it has answered. */
  get isBusy(): boolean {
    return this.#looking > 0
  }

  /** Looks at requests that are new. Nothing is decided by itself while the run is held. */
  look(): void {
    if (!this.#isNeeded) return
    const { compiled, snapshot } = this.#owner
    if (snapshot.context.held !== null || snapshot.context.ending !== null) return
    for (const place of placesOf(rootPlace(compiled, snapshot))) {
      for (const index in place.snapshot.context.open) {
        const step = place.snapshot.context.open[index]
        if (step === undefined || this.#seen.has(Number(index))) continue
        const asked = askedCallOf(place, step)
        if (asked !== undefined) this.#settle(place, Number(index), asked)
      }
    }
  }

  #settle(place: Place, step: number, asked: AskedCall): void {
    this.#seen.add(step)
    const own = deciding(this.#owner.snapshot.context.rules ?? [], asked, this.#host.clock.now())
    if (own !== undefined) return this.#decide(place, step, own)
    if (!asked.scopes.includes('workflow')) return
    this.#looking += 1
    this.#host.store
      .rules(this.#owner.compiled.graph.name)
      .then(
        (stored) =>
          this.#apply(
            step,
            stored.flatMap(({ rule, revoked }) => (revoked === null ? [rule] : [])),
          ),
        // A store that does not answer decides nothing: the person does.
        () => undefined,
      )
      .finally(() => {
        this.#looking -= 1
        this.#owner.onLooked()
      })
  }

  /** The run may have gone on meanwhile. */
  #apply(step: number, rules: readonly StickyRule[]): void {
    const { compiled, snapshot } = this.#owner
    // Held meanwhile: it is looked at again when the run goes on.
    if (snapshot.context.held !== null) return void this.#seen.delete(step)
    for (const place of placesOf(rootPlace(compiled, snapshot))) {
      const open = place.snapshot.context.open[step]
      const asked = open === undefined ? undefined : askedCallOf(place, open)
      const rule = asked === undefined ? undefined : deciding(rules, asked, this.#host.clock.now())
      if (rule !== undefined) this.#decide(place, step, rule)
    }
  }

  #decide(place: Place, step: number, rule: StickyRule): void {
    const { runId } = this.#owner
    const payload = Object.freeze({
      step,
      outcome: rule.outcome,
      digest: requestDigest(place.compiled, place.snapshot.context, step) ?? '',
      reason: rule.reason,
      by: rule.by,
      ...(rule.for !== undefined && { for: rule.for }),
      through: 'rule',
      rule,
    })
    const event: EngineEvent = Object.freeze({
      id: `${effectIdOf(runId, step)}/rule`,
      at: this.#host.clock.now(),
      type: 'request.decided',
      from: 'person',
      payload,
    })
    // What is shown with the request has changed just now: it is looked at once more.
    this.#owner.post({
      event,
      onTaken: (acceptance) => {
        if (acceptance.type === 'refused' && acceptance.reason === 'digest-mismatch') this.#seen.delete(step)
      },
    })
  }
}
