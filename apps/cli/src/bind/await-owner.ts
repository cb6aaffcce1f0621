import type { Acceptance, Receipt, Run } from '@waystone/core'
import type { Context } from '../command.ts'

/** What the process that drives the run has made of what was delivered to it; still `delivered` when it has made nothing of it yet. */
export async function awaitOwner<Answer extends Acceptance | Receipt>(
  run: Pick<Run<object>, 'became'>,
  answer: Answer,
  { interrupts, around }: Pick<Context, 'interrupts' | 'around'>,
): Promise<Answer | Acceptance> {
  // With a message nobody is there who could take it.
  if (answer.type !== 'delivered' || answer.message !== undefined) return answer
  const signal = AbortSignal.any([interrupts.signal, AbortSignal.timeout(around.patienceMs ?? 10_000)])
  return await run.became(answer.eventId, { signal })
}
