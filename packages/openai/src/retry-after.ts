import type { ModelQuota, QuotaLeft } from '@waystone/core'

/** Reads one header; null when it is not there. */
export type ReadHeader = (name: string) => string | null

const longest = 24 * 60 * 60 * 1000
const unitMs: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/**
 * How long a server asks to wait: `retry-after-ms`, else `retry-after`, else when the limit that is used up is reset.
 *
 * Units: ms; at most a day.
 *
 * @returns undefined when the server does not say
 */
export function retryAfterOf(read: ReadHeader): number | undefined {
  const found = asNumber(read('retry-after-ms')) ?? fromRetryAfter(read('retry-after')) ?? fromRateLimit(read)
  return found === undefined ? undefined : Math.min(longest, Math.max(0, Math.ceil(found)))
}

function asNumber(text: string | null): number | undefined {
  const value = text === null || text.trim() === '' ? Number.NaN : Number(text)
  return Number.isFinite(value) ? value : undefined
}

function fromRetryAfter(text: string | null): number | undefined {
  const seconds = asNumber(text)
  if (seconds !== undefined) return seconds * 1000
  const at = text === null ? Number.NaN : Date.parse(text)
  return Number.isNaN(at) ? undefined : at - Date.now()
}

function fromRateLimit(read: ReadHeader): number | undefined {
  const resets = ['requests', 'tokens'].flatMap((kind) => {
    if (asNumber(read(`x-ratelimit-remaining-${kind}`)) !== 0) return []
    return fromDuration(read(`x-ratelimit-reset-${kind}`)) ?? []
  })
  return resets.length === 0 ? undefined : Math.max(...resets)
}

/** What `x-ratelimit-remaining-*` and `x-ratelimit-reset-*` say is left; undefined when they say nothing that can be understood. */
export function quotaOf(read: ReadHeader): ModelQuota | undefined {
  const requests = leftOf(read, 'requests')
  const tokens = leftOf(read, 'tokens')
  if (requests === undefined && tokens === undefined) return undefined
  return { ...(requests !== undefined && { requests }), ...(tokens !== undefined && { tokens }) }
}

function leftOf(read: ReadHeader, kind: 'requests' | 'tokens'): QuotaLeft | undefined {
  const remaining = asNumber(read(`x-ratelimit-remaining-${kind}`))
  const resetMs = fromDuration(read(`x-ratelimit-reset-${kind}`))
  if (remaining === undefined || resetMs === undefined) return undefined
  return { remaining: Math.max(0, remaining), resetMs: Math.min(longest, Math.ceil(resetMs)) }
}

/** A duration as OpenAI writes it: `1s`, `6m0s`, `120ms`. */
function fromDuration(text: string | null): number | undefined {
  if (text === null || !/^(\d+(\.\d+)?(ms|[smhd]))+$/.test(text)) return undefined
  let sum = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g)) {
    sum += Number(amount) * (unitMs[unit ?? ''] ?? 0)
  }
  return sum
}
