import { z } from 'zod'
import type { EffectJob } from './effect-job.ts'
import { detailOf, retryAfterOf } from './error-record.ts'

/** Longest time that a provider's word keeps everybody away, ms: a day. */
const longestBlockMs = 86_400_000

const left = z.object({ remaining: z.number(), resetMs: z.number().nonnegative() })
const quotaSchema = z.object({ requests: left.optional(), tokens: left.optional() })

/** A 429 that says how long to wait is true for everybody, not only for the call that got it. */
export function hearFailure(job: EffectJob, thrown: unknown): void {
  const retryAfterMs = retryAfterOf(thrown)
  if (retryAfterMs === undefined || detailOf(thrown, ({ details }) => details['status']) !== 429) return
  job.onBlocked(Math.min(retryAfterMs, longestBlockMs))
}

/** What a provider says is left: when it is nothing, or less than such a call takes, nobody comes before it is reset. Nonsense is not believed. */
export function hearQuota(job: EffectJob, response: unknown): void {
  const quota = quotaOf(response)
  if (quota === undefined) return
  const { inputTokens = 0, outputTokens = 0 } = job.open.reserved ?? {}
  const { requests, tokens } = quota
  const waits = [
    ...(requests !== undefined && requests.remaining <= 0 ? [requests.resetMs] : []),
    ...(tokens !== undefined && tokens.remaining < Math.max(1, inputTokens + outputTokens) ? [tokens.resetMs] : []),
  ]
  if (waits.length > 0) job.onBlocked(Math.min(Math.max(...waits), longestBlockMs))
}

function quotaOf(response: unknown): z.infer<typeof quotaSchema> | undefined {
  try {
    return quotaSchema.safeParse(Reflect.get(Object(response), 'quota')).data
  } catch {
    return undefined
  }
}
