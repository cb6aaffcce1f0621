import {
  addUsage,
  limitNames,
  noUsage,
  type Decision,
  type Graph,
  type LimitName,
  type RunEvent,
  type Usage,
} from '@waystone/core'
import { exitOfStatus } from '../output/run-result.ts'

/** A step that runs or waits now. */
export interface OpenWork {
  readonly node: string
  readonly kind: string
  readonly attempt: number
  readonly tool: string | null
  /** For an item of a map: its place in the list, from 0. */
  readonly item?: number
  /** The items of maps that it is inside of, outermost first; absent: none. */
  readonly items?: readonly number[]
  /** Ms since the epoch. */
  readonly since: number
}

/** What is known of a run from its events so far. */
export interface Progress {
  readonly startedAt: number | null
  readonly open: ReadonlyMap<number, OpenWork>
  readonly steps: number
  readonly usage: Usage
  readonly lastDecision: Decision | null
  /** The end of what a model is saying now; provisional. */
  readonly speech: string
  /** Sequence of the newest event. */
  readonly sequence: number
  /** Sequence at which the run ended; what was called off may settle after it. Null: it has not. */
  readonly endedAt: number | null
}

/** Before any event. */
export const noProgress: Progress = {
  startedAt: null,
  open: new Map(),
  steps: 0,
  usage: noUsage,
  lastDecision: null,
  speech: '',
  sequence: -1,
  endedAt: null,
}

/** Adds one event. Pure. */
export function advance(progress: Progress, event: RunEvent): Progress {
  const next = {
    ...progress,
    sequence: Math.max(progress.sequence, event.sequence),
    startedAt: progress.startedAt ?? event.at,
  }
  switch (event.type) {
    case 'step.started':
      return { ...next, ...withStarted(progress, event) }
    case 'step.ended':
      return {
        ...next,
        speech: '',
        open: without(progress.open, event.step),
        usage: addUsage(progress.usage, event.usage),
      }
    case 'request.opened':
      return { ...next, ...withRequest(progress, event) }
    case 'request.decided':
      if (event.isPartial === true) return next
      return { ...next, open: without(progress.open, event.step) }
    case 'wait.opened':
      return { ...next, ...withWait(progress, event) }
    case 'request.withdrawn':
    case 'wait.closed':
      return { ...next, open: without(progress.open, event.step) }
    case 'edge.taken':
      return { ...next, lastDecision: event.decision }
    case 'token.received':
      return { ...next, speech: (progress.speech + event.text).slice(-400) }
    case 'run.cancelled':
      return { ...next, open: new Map() }
    case 'run.started':
    case 'run.forked':
    case 'run.patched':
    case 'request.asked':
    case 'request.answered':
    case 'run.redirected':
    case 'rule.made':
    case 'rule.revoked':
    case 'request.escalated':
    case 'event.received':
    case 'event.taken':
    case 'state.changed':
    case 'handoff.made':
    case 'limit.hit':
    case 'run.stalled':
    case 'run.deadlocked':
    case 'compensation.started':
    case 'compensation.ended':
    case 'log.written':
    case 'run.held':
    case 'run.released':
      return next
    case 'run.status-changed':
      return exitOfStatus(event.status) === 'unfinished'
        ? next
        : { ...next, endedAt: progress.endedAt ?? event.sequence }
  }
}

function withStarted(
  { steps, open }: Progress,
  { step, node, kind, attempt, tool, item, items, at }: Extract<RunEvent, { type: 'step.started' }>,
): Pick<Progress, 'steps' | 'speech' | 'open'> {
  const place = { ...(item !== undefined && { item }), ...(items !== undefined && { items }) }
  const work = { node, kind, attempt, tool: tool ?? null, since: at, ...place }
  return { steps: Math.max(steps, step + 1), speech: '', open: withEntry(open, step, work) }
}

function withRequest(
  { steps, open }: Progress,
  { step, node, kind, tool, items, at }: Extract<RunEvent, { type: 'request.opened' }>,
): Pick<Progress, 'steps' | 'open'> {
  // A step of kind `call` is one that runs.
  const place = items === undefined ? {} : { items }
  const work = { node, kind: kind === 'call' ? 'approval' : kind, attempt: 1, tool: tool ?? null, since: at, ...place }
  return { steps: Math.max(steps, step + 1), open: withEntry(open, step, work) }
}

function withWait(
  { steps, open }: Progress,
  { step, node, at }: Extract<RunEvent, { type: 'wait.opened' }>,
): Pick<Progress, 'steps' | 'open'> {
  const work: OpenWork = { node, kind: 'wait', attempt: 1, tool: null, since: at }
  return { steps: Math.max(steps, step + 1), open: withEntry(open, step, work) }
}

function withEntry(open: Progress['open'], step: number, work: OpenWork): Progress['open'] {
  return new Map([...open, [step, work]])
}

function without(open: Progress['open'], step: number): Progress['open'] {
  return new Map([...open].filter(([index]) => index !== step))
}

/** What is left of each limit of the workflow. Order: as limits are printed. @param now - ms since the epoch */
export function limitsLeft(
  progress: Progress,
  graph: Graph,
  now: number,
): readonly { readonly name: LimitName; readonly left: number }[] {
  return limitNames.flatMap((name) => {
    const bound = graph.limits.bounds[name]
    return bound === undefined ? [] : [{ name, left: Math.max(0, bound.max - usedOf(progress, name, now)) }]
  })
}

function usedOf({ usage, steps, startedAt }: Progress, name: LimitName, now: number): number {
  if (name === 'steps') return steps
  if (name === 'durationMs') return startedAt === null ? 0 : now - startedAt
  if (name === 'tokens') return usage.inputTokens + usage.outputTokens
  return usage[name]
}
