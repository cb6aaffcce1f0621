import { closedRequestText, readClosedRequest, type Run, type Runtime } from '@waystone/core'
import { printableLine } from '../output/printable.ts'

/** Where a request is looked up. */
export interface ClosedSource {
  readonly runtime: Runtime
  readonly run: Pick<Run<object>, 'runId'>
}

/** What became of a request that is open no more, or of the one that closed last; undefined: none has. */
export async function closedText({ runtime, run }: ClosedSource, step?: number): Promise<string | undefined> {
  const closed = await readClosedRequest(runtime.store, { runId: run.runId, ...(step !== undefined && { step }) })
  return closed === undefined ? undefined : printableLine(closedRequestText(closed))
}
