import type { DecisionInput, Request, Run } from '@waystone/core'

/**
 * What became of a decision that was handed to the process that drives the run: two people may have decided at the same moment.
 *
 * @param signal - ends the wait
 * @returns `taken`; `pending`: not yet, when the wait was ended; else what ended the request instead, for people
 */
export async function becameOf(
  run: Pick<Run<object>, 'events'>,
  { request, decision }: { request: Pick<Request, 'step' | 'sequence'>; decision: DecisionInput },
  signal: AbortSignal,
): Promise<'taken' | 'pending' | { readonly instead: string }> {
  for await (const event of run.events({ signal })) {
    if (event.sequence <= request.sequence || !('step' in event) || event.step !== request.step) continue
    if (event.type === 'request.decided') {
      const { outcome, by, reason } = event
      const isSame = outcome === decision.outcome && by === decision.by && reason === (decision.reason ?? '')
      return isSame ? 'taken' : { instead: `${outcome} by ${by}` }
    }
    if (event.type === 'step.ended' && event.outcome === 'expired') return { instead: 'expired' }
  }
  return signal.aborted ? 'pending' : { instead: 'the run has ended' }
}
