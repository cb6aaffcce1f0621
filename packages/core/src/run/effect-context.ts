import { effectIdOf, itemEffectIdOf, type RunId } from '../base/ids.ts'
import { takeJson, type Json } from '../base/json.ts'
import type { Clock } from '../base/clock.ts'
import type { EffectClass } from '../define/effect-class.ts'
import type { EffectMemory } from '../define/effect-memory.ts'
import type { EffectContext } from '../define/tool.ts'
import { nodeError } from '../errors/node-error.ts'
import type { LogLine } from '../snapshot/event.ts'

/** What an attempt is known by. */
export interface Attempt {
  readonly runId: RunId
  readonly node: string
  readonly step: number
  /** From 1. */
  readonly attempt: number
  /** For an item of a map: the step that made the list, and its place in it, from 0. */
  readonly item?: { readonly map: number; readonly index: number } | undefined
  /** For a compensation: the effect id of what it undoes. */
  readonly undoes?: string | undefined
}

/** What an attempt may reach. */
export interface AttemptScope {
  readonly clock: Clock
  readonly resolveSecret: (name: string) => Promise<string>
  /** Names of secrets it may resolve; null: any. */
  readonly secrets: readonly string[] | null
  readonly effect: EffectClass
  /** Binds the long-term memory to this attempt. */
  readonly memory: () => EffectMemory
}

/**
 * What author code gets beside its input, and what the runtime keeps of one attempt.
 *
 * The abort signal is made when it is first asked for: most steps never look at it.
 */
export class EffectScope implements EffectContext {
  readonly effectId: string
  readonly runId: string
  readonly node: string
  readonly step: number
  readonly attempt: number
  /** What it was to do has been done; what came of it has still to be taken over. */
  hasReturned = false
  readonly #scope: AttemptScope
  #startedAt: number
  #controller: AbortController | null = null
  #abortReason: unknown = null
  #log: LogLine[] | null = null
  #memory: EffectMemory | null = null
  #sources: string[] | null = null

  constructor(attempt: Attempt, scope: AttemptScope) {
    const { runId, step, item, undoes } = attempt
    const own = item === undefined ? effectIdOf(runId, step) : itemEffectIdOf(runId, item.map, item.index)
    this.effectId = undoes === undefined ? own : `${undoes}/undo`
    this.runId = attempt.runId
    this.node = attempt.node
    this.step = attempt.step
    this.attempt = attempt.attempt
    this.#startedAt = scope.clock.now()
    this.#scope = scope
  }

  get effect(): EffectClass {
    return this.#scope.effect
  }

  /** When the attempt began, ms since the epoch. */
  get startedAt(): number {
    return this.#startedAt
  }

  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController()
      if (this.#abortReason !== null) this.#controller.abort(this.#abortReason)
    }
    return this.#controller.signal
  }

  get isAborted(): boolean {
    return this.#abortReason !== null
  }

  /** Lines logged so far; undefined: none. */
  get lines(): readonly LogLine[] | undefined {
    return this.#log ?? undefined
  }

  /** Sources named so far; undefined: none. */
  get sources(): readonly string[] | undefined {
    return this.#sources ?? undefined
  }

  /** The attempt begins now. */
  begin(): void {
    this.#startedAt = this.#scope.clock.now()
  }

  /** Fires the signal once. */
  abort(reason: unknown): void {
    if (this.#abortReason !== null) return
    this.#abortReason = reason
    this.#controller?.abort(reason)
  }

  // Authors take a context apart (`const { log } = context`), so these must not need `this`; most steps ask for none.
  get now(): EffectContext['now'] {
    return () => this.#scope.clock.now()
  }

  get log(): EffectContext['log'] {
    return (message, data) => this.#addLine(message, data)
  }

  get source(): EffectContext['source'] {
    return (reference) => this.#addSource(reference)
  }

  get secret(): EffectContext['secret'] {
    return (name) => this.#resolve(name)
  }

  get memory(): EffectMemory {
    return (this.#memory ??= this.#scope.memory())
  }

  #addLine(message: string, data: Json | undefined): void {
    const line = { at: this.#scope.clock.now(), message }
    this.#log ??= []
    this.#log.push(
      data === undefined
        ? line
        : { ...line, data: takeJson(data, `data of a log line of node ${JSON.stringify(this.node)}`) },
    )
  }

  #addSource(reference: string): void {
    this.#sources ??= []
    if (!this.#sources.includes(reference)) this.#sources.push(reference)
  }

  async #resolve(name: string): Promise<string> {
    const { secrets } = this.#scope
    if (secrets !== null && !secrets.includes(name)) {
      throw nodeError(
        'WAYSTONE_NODE_SECRET_UNDECLARED',
        `node ${JSON.stringify(this.node)} asked for secret ${JSON.stringify(name)}; declared are: ${secrets.length === 0 ? 'none' : secrets.join(', ')}`,
        { details: { node: this.node, secret: name } },
      )
    }
    return await this.#scope.resolveSecret(name)
  }
}
