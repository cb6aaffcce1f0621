import { copyJson, isJsonEqual, toJson, type Json, type JsonObject } from '../../src/base/json.ts'
import type { RunId } from '../../src/base/ids.ts'
import { decodeCheckpoint, encodeCheckpoint } from '../../src/checkpoint/codec.ts'
import { compactCheckpoint } from '../../src/checkpoint/compact-checkpoint.ts'
import { firstPacking, packCheckpoint } from '../../src/checkpoint/pack.ts'
import type { NewCheckpoint, Store } from '../../src/checkpoint/store.ts'
import { thoroughly, type CompiledWorkflow } from '../../src/compile/compiled-workflow.ts'
import { compileGraph } from '../../src/compile/compile.ts'
import { plan, type Plan } from '../../src/compile/plan.ts'
import { requestDigest } from '../../src/compile/request-digest.ts'
import type { Graph } from '../../src/graph/graph.ts'
import type { Registry } from '../../src/graph/registry.ts'
import { summaryOf } from '../../src/run/run-summary.ts'
import { applyPatch } from '../../src/snapshot/apply-patch.ts'
import type { Checkpoint } from '../../src/snapshot/checkpoint.ts'
import type { EffectEnd, EngineEvent, OverridingMove, PersonDecision, RunPatch } from '../../src/snapshot/event.ts'
import type { OpenStep, RunContext, Snapshot } from '../../src/snapshot/snapshot.ts'
import { graphFixture, type GraphNotation } from '../graphs/graph-fixture.ts'
import { registryFor } from '../graphs/registry-for.ts'

/** When runs driven by hand begin, ms since the epoch. */
export const beginning = 1_700_000_000_000

/** An event without what {@link HandRun} adds by itself. */
export type BareEvent = EngineEvent extends infer Event
  ? Event extends EngineEvent
    ? Omit<Event, 'id' | 'at'>
    : never
  : never

/** Compiles a graph without definition. @param registry - what differs from `registryFor` */
export function compileFixture(
  graph: Graph | GraphNotation,
  registry: { readonly [part in keyof Registry]?: Registry[part] } = {},
): CompiledWorkflow {
  const whole = 'format' in graph ? graph : graphFixture(graph)
  const hashes = { graph: `graph-of-${whole.name}`, behaviour: 'behaviour' }
  return compileGraph({ graph: whole, registry: { ...registryFor(whole), ...registry }, hashes })
}

/** How a {@link HandRun} is set up. */
export interface HandRunOptions {
  readonly runId?: string
  /** Ms between two events. Default 10. */
  readonly tick?: number
  /** Leaves the checks of what `plan` promises out, for long runs that are about something else. Default false. */
  readonly isUnchecked?: boolean
}

/**
 * A run driven event by event through `plan`, with every promise of `plan` checked on the way: the patch leads from one snapshot
 * to the next also when all of it has been text, planning twice gives the same, the stored text reads back.
 */
export class HandRun {
  readonly compiled: CompiledWorkflow
  readonly runId: RunId
  readonly plans: Plan[] = []
  readonly events: EngineEvent[] = []
  readonly checkpoints: Checkpoint[] = []
  readonly snapshots: Snapshot[] = []
  readonly stored: NewCheckpoint[] = []
  readonly blobs = new Map<string, string>()
  readonly #tick: number
  readonly #isUnchecked: boolean
  #packing = firstPacking
  #parent: Checkpoint['parent'] = null
  #sent = 0
  at = beginning

  constructor(compiled: CompiledWorkflow, options: HandRunOptions = {}) {
    this.compiled = compiled
    this.runId = (options.runId ?? 'run') as RunId
    this.#tick = options.tick ?? 10
    this.#isUnchecked = options.isUnchecked ?? false
  }

  /** The snapshot as it stands; a run that has not begun has none. */
  get snapshot(): Snapshot {
    const last = this.snapshots.at(-1)
    if (last === undefined) throw new RangeError('the run has not begun')
    return last
  }

  get context(): RunContext {
    return this.snapshot.context
  }

  get state(): JsonObject {
    return this.context.state
  }

  /** The last checkpoint. */
  get last(): Checkpoint {
    const last = this.checkpoints.at(-1)
    if (last === undefined) throw new RangeError('the run has not begun')
    return last
  }

  /** What was taken, in order. */
  get taken(): readonly string[] {
    return this.checkpoints.flatMap(({ decision }) => (decision === null ? [] : [decision.taken]))
  }

  /** Open steps as `index:node:kind/attempt`. */
  get open(): readonly string[] {
    return Object.entries(this.context.open).map(
      ([index, step]) => `${index}:${step.node}:${step.kind}/${step.attempt}`,
    )
  }

  openStep(step: number): OpenStep {
    const open = this.context.open[step] ?? this.context.closing[step]
    if (open === undefined) throw new RangeError(`step ${step} is not open; open are ${this.open.join(', ')}`)
    return open
  }

  start(input: JsonObject = {}): Plan {
    return this.feed({ type: 'run.started', from: 'caller', payload: { input, tags: {} } })
  }

  /** Ends an effect. `attempt` is the open one's unless given. */
  end(step: number, outcome = 'done', more: Partial<EffectEnd> = {}): Plan {
    const open = this.context.open[step] ?? this.context.closing[step]
    const startedAt = open?.since ?? this.at
    return this.feed({
      type: 'effect.ended',
      from: 'effect',
      payload: { step, attempt: open?.attempt ?? 1, outcome, startedAt, ...more },
    })
  }

  /** Answers a request, bound to what it asks now unless `digest` is given. */
  decide(step: number, outcome: string, more: Partial<PersonDecision> = {}): Plan {
    const digest = requestDigest(this.compiled, this.context, step) ?? 'none'
    return this.feed({
      type: 'request.decided',
      from: 'person',
      payload: { step, outcome, digest, reason: 'because', by: 'ada', through: 'test', ...more },
    })
  }

  timer(timer: string, at: number): Plan {
    this.at = Math.max(this.at, at - this.#tick)
    return this.feed({ type: 'timer.due', from: 'timer', payload: { timer } })
  }

  hold(): Plan {
    return this.feed({ type: 'run.hold', from: 'operator', payload: { by: 'op', reason: 'look' } })
  }

  release(more: Partial<OverridingMove> = {}): Plan {
    return this.feed({ type: 'run.release', from: 'operator', payload: { by: 'op', reason: 'go', ...more } })
  }

  redirect(to: string, more: Partial<OverridingMove> = {}): Plan {
    return this.feed({ type: 'run.redirect', from: 'operator', payload: { to, by: 'op', reason: 'there', ...more } })
  }

  cancel(): Plan {
    return this.feed({ type: 'run.cancel', from: 'operator', payload: { by: 'op', reason: 'stop' } })
  }

  patch(state: JsonObject, more: Partial<RunPatch> = {}): Plan {
    return this.feed({ type: 'run.patch', from: 'operator', payload: { state, by: 'op', reason: 'wrong', ...more } })
  }

  feed(event: BareEvent): Plan {
    this.at += this.#tick
    this.#sent += 1
    return this.feedWhole({ id: `event-${this.#sent}`, at: this.at, ...event })
  }

  /** Plans an event as it is. */
  feedWhole(given: EngineEvent): Plan {
    // As a runtime makes it: an event shares no object with anything.
    const event = copyJson(toJson(given, 'event')) as unknown as EngineEvent
    const before = this.snapshots.at(-1) ?? null
    const position = { runId: this.runId, sequence: this.checkpoints.length, parent: this.#parent }
    const planned = plan(this.compiled, position, before, event)
    this.plans.push(planned)
    if (planned.type !== 'applied' && planned.type !== 'late') return planned
    if (this.#isUnchecked) return this.#keep(planned, event)
    const again = plan(thoroughly(this.compiled), position, throughText(before), throughText(event))
    sameText(again, planned, 'planning a second time, without short cuts, over what was read back')
    if ('checkpoint' in again) {
      const graphBefore = this.#packing.graphHash
      const [left, right] = [again, planned].map(({ checkpoint }) => encodeCheckpoint(checkpoint, graphBefore).text)
      sameText(left, right, 'the text of planning a second time')
    }
    sameText(
      applyPatch(throughText(before), throughText(planned.checkpoint.patch), throughText(event)),
      planned.snapshot,
      'the patch',
    )
    sameText(planned.commands, planned.checkpoint.commands, 'commands')
    this.#checkText(planned)
    return this.#keep(planned, event)
  }

  #checkText({ checkpoint, snapshot }: Extract<Plan, { type: 'applied' | 'late' }>): void {
    const packed = packCheckpoint(checkpoint, snapshot, this.#packing)
    for (const blob of packed.blobs) this.blobs.set(blob.hash, blob.text)
    // However a text is written, it is the compact form.
    if (packed.blobs.length === 0 && !packed.checkpoint.text.includes('blob'))
      sameText(compactCheckpoint(checkpoint, this.#packing.graphHash), JSON.parse(packed.checkpoint.text), 'the text')
    const read = decodeCheckpoint(packed.checkpoint.text, {
      runId: this.runId,
      graphHash: this.#packing.graphHash,
      blobOf: (hash) => this.blobs.get(hash),
    })
    // Our own fields have a fixed order in the store.
    sameText(
      encodeCheckpoint(read, this.#packing.graphHash).text,
      packed.checkpoint.text,
      'what was read back, written again,',
    )
    if (!isJsonEqual(read as unknown as Json, checkpoint as unknown as Json))
      sameText(read, checkpoint, 'what was read back')
  }

  #keep(planned: Extract<Plan, { type: 'applied' | 'late' }>, event: EngineEvent): Plan {
    const { checkpoint, snapshot } = planned
    const packed = packCheckpoint(checkpoint, snapshot, this.#packing)
    for (const blob of packed.blobs) this.blobs.set(blob.hash, blob.text)
    this.#packing = packed.packing
    this.#parent = { runId: this.runId, sequence: checkpoint.sequence, hash: packed.checkpoint.hash }
    this.events.push(event)
    this.checkpoints.push(checkpoint)
    this.snapshots.push(snapshot)
    this.stored.push(packed.checkpoint)
    return planned
  }

  /** Puts the run into a store, as a runtime would have. */
  async store(store: Store): Promise<void> {
    const { graph, hashes } = this.compiled
    const blobs = [...this.blobs].map(([hash, text]) => ({ hash, text }))
    for (const [sequence, checkpoint] of this.stored.entries()) {
      const context = this.snapshots[sequence]?.context ?? this.context
      const summary = summaryOf(this.compiled, context)
      const at = this.events[sequence]?.at ?? 0
      if (sequence > 0) {
        await store.commit({ fence: 1, checkpoint, blobs: [], summary, consumed: [], at })
        continue
      }
      const owner = { id: 'hand', host: 'here', pid: 1, processStartedAt: 'now' }
      const first = { runId: this.runId, workflow: graph.name, workflowVersion: graph.version, key: null, tags: {} }
      const hashed = { graphHash: hashes.graph, behaviourHash: hashes.behaviour, graph: JSON.stringify(graph) }
      await store.create({
        ...first,
        ...hashed,
        forkedFrom: null,
        owner,
        leaseMs: 1000,
        checkpoint,
        blobs,
        summary,
        at,
      })
    }
  }
}

/** A value as it comes out of a store. */
export function throughText<Value>(value: Value): Value {
  return toJson(JSON.parse(JSON.stringify(value)), 'value') as Value
}

/** Compares as text, so that the order of keys counts. */
function sameText(found: unknown, expected: unknown, what: string): void {
  const [left, right] = [JSON.stringify(found), JSON.stringify(expected)]
  if (left !== right) throw new RangeError(`${what} differs:\n${left}\n${right}`)
}

/** A model's answer without calls. */
export function answer(patch: JsonObject = {}): Partial<EffectEnd> {
  return { message: { role: 'assistant', content: [{ type: 'text', text: 'answered' }], calls: [] }, patch }
}

/** A model's answer that asks for tool calls, by id and tool. */
export function calls(...list: readonly (readonly [id: string, tool: string])[]): Partial<EffectEnd> {
  const asked = list.map(([id, name]) => ({ id, name, arguments: { call: id } satisfies Json }))
  return { message: { role: 'assistant', content: [], calls: asked } }
}
