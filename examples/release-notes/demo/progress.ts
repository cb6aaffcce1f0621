import type { RunEvent } from '@waystone/core'

/** Prints what happens in a run, one line a step, and says when a request is no longer open. */
export interface Progress {
  take(event: RunEvent): void
}

/** Where progress goes. */
export interface ProgressOutput {
  print(line: string): void
  /** The request of this step was decided or has expired. */
  closed(step: number): void
}

/** Makes a printer of progress. Order: as facts arrive. */
export function createProgress(output: ProgressOutput): Progress {
  return {
    take(event) {
      if (event.type === 'log.written') output.print(`      ${event.message}`)
      else if (event.type === 'step.ended') {
        // A person's decision is a fact of its own; what is left is a request that nobody answered.
        if (event.kind !== 'approval' || event.outcome === 'expired') output.print(stepLine(event))
        if (event.kind === 'approval') output.closed(event.step)
      } else if (event.type === 'request.opened') {
        output.print(
          `  ? ${pad(event.node)} waits for a person${event.expiresAt === null ? '' : `, until ${clockTime(event.expiresAt)}`}`,
        )
      } else if (event.type === 'request.decided') {
        output.print(
          `  ! ${pad(event.node)} ${event.outcome} by ${event.by}${event.reason === '' ? '' : `: ${event.reason}`}`,
        )
        output.closed(event.step)
      } else if (event.type === 'limit.hit') {
        output.print(`  ! limit ${event.limit}: ${event.used} of ${event.max}`)
      }
    },
  }
}

function stepLine(event: Extract<RunEvent, { type: 'step.ended' }>): string {
  const isGood = event.error === undefined
  const tokens = (event.usage?.inputTokens ?? 0) + (event.usage?.outputTokens ?? 0)
  const details = [
    ...(event.model === undefined ? [] : [`${event.model}, ${tokens.toLocaleString('en')} tokens`]),
    ...(event.error === undefined ? [] : [event.error.message]),
  ]
  const took = `${event.at - event.startedAt} ms`.padStart(8)
  return `  ${isGood ? '+' : 'x'} ${pad(event.node)} ${event.outcome.padEnd(8)} ${took}  ${details.join('; ')}`.trimEnd()
}

function pad(node: string): string {
  return node.padEnd(9)
}

/** A moment by the local clock. @param at - ms since the epoch */
export function clockTime(at: number): string {
  return new Date(at).toTimeString().slice(0, 8)
}
