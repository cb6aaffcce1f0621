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
  // A finite factor, since nothing times an infinity is no number.
  const grown = policy.backoffMs * Math.min(policy.factor ** (ended.attempt - 1), Number.MAX_SAFE_INTEGER)
  const full = Math.min(policy.maxBackoffMs, grown)
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
