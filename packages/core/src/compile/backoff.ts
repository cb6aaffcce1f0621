import { sha256 } from '../base/hash.ts'
import type { RetryRecord } from '../graph/graph.ts'

/**
 * Earliest start of the next attempt. Its jitter is drawn from effect id and attempt, so that a replay draws the same.
 *
 * @param attempt - the attempt that ended, from 1
 * @returns ms since the epoch; undefined: at once
 */
export function backoffUntil(
  policy: RetryRecord,
  ended: {
    readonly at: number
    readonly attempt: number
    readonly effectId: string
    readonly retryAfterMs: number | undefined
  },
): number | undefined {
  const full = Math.min(policy.maxBackoffMs, policy.backoffMs * policy.factor ** (ended.attempt - 1))
  const drawn =
    Number.parseInt(
      Buffer.from(sha256(`${ended.effectId}/${ended.attempt}`), 'base64url')
        .toString('hex')
        .slice(0, 8),
      16,
    ) / 0xffffffff
  const wait = Math.max(ended.retryAfterMs ?? 0, Math.round(full * (1 - policy.jitter * drawn)))
  return wait <= 0 ? undefined : ended.at + wait
}
