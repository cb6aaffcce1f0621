import type { Json } from '../base/json.ts'
import type { EffectClass } from './effect-class.ts'
import type { EffectMemory } from './effect-memory.ts'

/** What a tool, task or gate gets beside its input. */
export interface EffectContext {
  /** Idempotency key of this effect, stable over attempts, crash and replay: `runId/stepIndex`. Hand it to services that de-duplicate. */
  readonly effectId: string
  readonly runId: string
  readonly node: string
  /** From 1. */
  readonly attempt: number
  /** How careful this use is: the tool's class, or a stricter one of the node or of a rule. */
  readonly effect: EffectClass
  /** Fires on cancel, timeout or close. Work that goes on after it is ignored, but may still touch the world. */
  readonly signal: AbortSignal
  /** Now, ms since the epoch, from the runtime's clock. */
  now(): number
  /** Adds a line to the checkpoint of this effect's end. @param data - JSON, optional */
  log(message: string, data?: Json): void
  /** Names where the result came from (a URL, a document id, a commit); kept for `--blame`. */
  source(reference: string): void
  /** Resolves a secret that the tool declares. The value is never stored, logged or shown by Waystone. */
  secret(name: string): Promise<string>
  /** The part of the long-term memory that is declared with `memory`. */
  readonly memory: EffectMemory
}
