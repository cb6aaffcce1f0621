import { namesOfPath } from '../base/node-path.ts'
import { nodeAt } from '../graph/nested-graphs.ts'
import type { Checkpoint } from '../snapshot/checkpoint.ts'
import type { History } from './history.ts'

/** What made a vote of a quorum count no more: what is asked was another thing since. */
export interface VoidedVote {
  /** The checkpoint that did; of a `change` the one in which it came out. */
  readonly sequence: number
  /** `answer`: a question about the request was answered; `patch`: an operator changed what it shows; `change`: a node did. */
  readonly cause: 'answer' | 'patch' | 'change'
  /** Who answered or patched; null: no person. */
  readonly by: string | null
}

interface Vote {
  readonly sequence: number
  readonly digest: string
  readonly node: string
}

/** The votes of a run that were void when their request was decided, or are now, by the sequence of each. One that is decided on by nobody else counts. */
export function voidedVotes(history: History): ReadonlyMap<number, VoidedVote> {
  const voided = new Map<number, VoidedVote>()
  const pending = new Map<number, readonly Vote[]>()
  for (const checkpoint of history.checkpoints) {
    const { event, sequence } = checkpoint
    if (event.type === 'request.answered') {
      const { step, by } = event.payload
      for (const vote of pending.get(step) ?? []) voided.set(vote.sequence, { sequence, cause: 'answer', by })
      pending.delete(step)
    } else if (event.type === 'run.patch') {
      const { by, state } = event.payload
      for (const [step, votes] of pending) {
        const shown = votes.filter(({ node }) => shows(history, node, Object.keys(state)))
        for (const vote of shown) voided.set(vote.sequence, { sequence, cause: 'patch', by })
        pending.set(
          step,
          votes.filter((vote) => !shown.includes(vote)),
        )
      }
    } else if (event.type === 'request.decided') {
      const { step, digest } = event.payload
      const votes = pending.get(step) ?? []
      for (const vote of votes)
        if (vote.digest !== digest) voided.set(vote.sequence, changeSince(history, vote, sequence))
      const left = votes.filter((vote) => vote.digest === digest)
      if (isVote(checkpoint)) pending.set(step, [...left, { sequence, digest, node: checkpoint.decision?.node ?? '' }])
      else pending.delete(step)
    }
  }
  return voided
}

/** One of several persons ends no step. */
function isVote({ step, decision }: Checkpoint): boolean {
  return step === null && decision !== null
}

/** Patches are of the run's own state. */
function shows({ graph }: History, path: string, keys: readonly string[]): boolean {
  if (namesOfPath(path).length > 1) return false
  return nodeAt(graph, path)?.node.reads.some((key) => keys.includes(key)) === true
}

/** What may have changed what was asked between a vote and the next one. */
function changeSince({ checkpoints }: History, vote: Vote, sequence: number): VoidedVote {
  const patch = checkpoints.slice(vote.sequence + 1, sequence).findLast(({ event }) => event.type === 'run.patch')
  return patch?.event.type === 'run.patch'
    ? { sequence: patch.sequence, cause: 'patch', by: patch.event.payload.by }
    : { sequence, cause: 'change', by: null }
}
