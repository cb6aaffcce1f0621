import type { Duration } from './duration.ts'

/** An upper bound. `before` (default): what could exceed it is not begun; `after`: nothing is begun once it is exceeded. */
export type Limit<Max = number> = Max | { readonly max: Max; readonly check?: 'before' | 'after' }

/** Upper bounds of one visit of an agent. When one is hit, the agent ends with outcome `exhausted`. */
export interface AgentLimits {
  /** Attempts and repairs included. */
  readonly modelCalls?: Limit
  /** Attempts included. */
  readonly toolCalls?: Limit
  /** Input and output. */
  readonly tokens?: Limit
  readonly costUsd?: Limit
  /** From its entry, waiting included. What runs then is told to stop. */
  readonly duration?: Limit<Duration>
}
