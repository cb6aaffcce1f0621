import { roomOutcome, transitionNames } from '../compile/names.ts'
import type { Checkpoint } from '../snapshot/checkpoint.ts'
import type { Decision } from '../snapshot/decision.ts'

/**
 * What called a step off that was under way: the join that fired, the deadline of its fork, its map that was over, a limit, an operator's cancel or
 * redirect, an edge that ended its branch or led out of its fork, or the end of its workflow.
 */
export type CalledOffBy = 'join' | 'deadline' | 'map' | 'limit' | 'cancel' | 'redirect' | 'edge' | 'end'

/**
 * Which ends are those of steps that were called off, told from the checkpoints of a run alone.
 *
 * An end is one when the step was told to stop before, and stopped without a result: `failed`, `timeout` or `lost`. What completed in spite of it, what may
 * have happened (`unknown`), what might end by itself and what had failed before it was told to stop are what they are.
 */
export class CallOffs {
  readonly #told = new Map<number, { readonly by: CalledOffBy; readonly at: number }>()

  /** Takes in the next checkpoint. @returns what had called off the step that it ends; undefined: nothing, or it ends none */
  note(checkpoint: Checkpoint): CalledOffBy | undefined {
    const { commands, event } = checkpoint
    const found = this.of(checkpoint)
    if (checkpoint.step !== null) this.#told.delete(checkpoint.step.index)
    for (const command of commands) {
      if (command.type !== 'cancelEffect') continue
      // The clock of an operator need not be that of the process that runs the step.
      this.#told.set(command.step, { by: causeOf(checkpoint), at: event.from === 'operator' ? -Infinity : event.at })
    }
    return found
  }

  /** What had called off the step that a checkpoint ends, by what was taken in before it. */
  of({ event, step }: Checkpoint): CalledOffBy | undefined {
    if (step === null || event.type !== 'effect.ended' || !stopped.has(event.payload.outcome)) return undefined
    const told = this.#told.get(step.index)
    return told === undefined || step.endedAt < told.at ? undefined : told.by
  }
}

/** What called off the steps of a run, by the sequence of the checkpoint that ends them. Cost: O(checkpoints). */
export function calledOffIn(checkpoints: readonly Checkpoint[]): ReadonlyMap<number, CalledOffBy> {
  const callOffs = new CallOffs()
  const found = new Map<number, CalledOffBy>()
  for (const checkpoint of checkpoints) {
    const by = callOffs.note(checkpoint)
    if (by !== undefined) found.set(checkpoint.sequence, by)
  }
  return found
}

/**
 * True for the end of a step after what it belongs to had gone on without it: it moves nothing by itself, but undoing may begin, or a branch that waited for
 * a name it held, or what waited for what it had set aside.
 */
export function isLateEnd({ decision, step }: Pick<Checkpoint, 'decision' | 'step'>): boolean {
  if (step === null) return false
  if (decision === null || decision.outcome === roomOutcome) return true
  if (decision.outcome === 'freed' && decision.node !== step.node) return true
  const { taken } = decision
  return step.kind !== 'compensate' && (taken === transitionNames.undoNext || taken === transitionNames.undone)
}

/** True for ends that may be those of steps that were called off: only of these it has to be looked up. */
export function mayBeCalledOff(checkpoint: Checkpoint): boolean {
  const { event } = checkpoint
  return event.type === 'effect.ended' && stopped.has(event.payload.outcome) && isLateEnd(checkpoint)
}

/** How what is told to stop ends. */
const stopped: ReadonlySet<string> = new Set(['failed', 'timeout', 'lost'])

function causeOf({ event, decision, step, status }: Checkpoint): CalledOffBy {
  if (event.type === 'run.cancel') return 'cancel'
  if (event.type === 'run.redirect') return 'redirect'
  const chain: Decision[] = []
  for (let one = decision ?? undefined; one !== undefined; one = one.next) chain.push(one)
  const timer = event.type === 'timer.due' ? event.payload.timer : ''
  if (timer.startsWith('deadline/')) return 'deadline'
  if (timer.startsWith('limit/') || chain.some(({ limit }) => limit !== undefined)) return 'limit'
  if (chain.some(({ arrival }) => arrival !== undefined && arrival.fires !== null)) return 'join'
  if (step?.item !== undefined && decision?.node === step.node) return 'map'
  const leads = chain.at(-1)?.to ?? null
  const isOver = status === 'completed' || status === 'failed' || status === 'exhausted' || status === 'cancelled'
  return isOver || leads === null || leads.startsWith(':') ? 'end' : 'edge'
}
