import type { Checkpoint } from '@waystone/core'
import { decodeCheckpoint, encodeCheckpoint, type Commit, type NewCheckpoint, type Store } from '@waystone/core/store'
import { bindMethods } from './bind-methods.ts'

/** An id that has come before is taken for another one. */
export function deliveringTwice(truth: Store): Store {
  let count = 0
  return bindMethods(truth, {
    deliver: async (runId, event) => {
      const answer = await truth.deliver(runId, event)
      count += 1
      return answer === 'delivered' ? answer : await truth.deliver(runId, { ...event, id: `${event.id}/${count}` })
    },
  })
}

export function performingEarly(port: Store): Store {
  return bindMethods(port, {
    commit: (commit) => {
      port.commit(commit).catch(() => undefined)
      return Promise.resolve()
    },
  })
}

export function acceptingAnyFence(truth: Store): Store {
  const fences = new Map<string, number>()
  return bindMethods(truth, {
    create: async (run) => {
      const answer = await truth.create(run)
      if (answer.type === 'created') fences.set(run.runId, answer.lease.fence)
      return answer
    },
    acquire: async (request) => {
      const answer = await truth.acquire(request)
      if (answer.type === 'acquired') fences.set(request.runId, answer.lease.fence)
      return answer
    },
    commit: (commit) => truth.commit({ ...commit, fence: fences.get(commit.checkpoint.runId) ?? commit.fence }),
  })
}

export function grantingOneMore(truth: Store): Store {
  return bindMethods(truth, {
    permits: (request) => {
      const asks = request.asks.map((ask) => ({
        ...ask,
        claims: ask.claims.map((claim) => ({
          ...claim,
          concurrent: claim.concurrent === null ? null : claim.concurrent + 1,
        })),
      }))
      return truth.permits({ ...request, asks })
    },
  })
}

export function forgettingBegins(truth: Store): Store {
  return bindMethods(truth, {
    permits: (request) => {
      // Long ago, so that no stretch of time holds it any more.
      const begins = request.begins.map((begin) => ({ ...begin, at: 0 }))
      return truth.permits({
        ...request,
        begins,
        ends: request.ends.map(({ runId, step, attempt }) => ({ runId, step, attempt })),
      })
    },
  })
}

export function losingEvents(truth: Store): Store {
  let count = 0
  return bindMethods(truth, {
    deliver: (runId, event) => {
      count += 1
      return count % 2 === 0 ? Promise.resolve('delivered') : truth.deliver(runId, event)
    },
  })
}

export function forgettingMarks(truth: Store): Store {
  return bindMethods(truth, {
    load: async (runId) => {
      const loaded = await truth.load(runId)
      return loaded === undefined ? undefined : { ...loaded, marks: [] }
    },
  })
}

/** Writes the patch of an end that came too late into the checkpoint that only settles it. */
export function applyingLateEnds(truth: Store): Store {
  return bindMethods(truth, {
    commit: async (commit) => {
      const row = await truth.row(commit.checkpoint.runId)
      return await truth.commit(
        rewritten(commit, row?.graphHash ?? null, (checkpoint) => {
          const isLate = checkpoint.decision === null && checkpoint.event.type === 'effect.ended'
          return isLate ? withLatePatch(checkpoint) : checkpoint
        }),
      )
    },
  })
}

/** Adds what a branch wrote that had lost to the list, in the checkpoint that only settles it. */
export function applyingLosers(truth: Store): Store {
  return bindMethods(truth, {
    commit: async (commit) => {
      const row = await truth.row(commit.checkpoint.runId)
      return await truth.commit(
        rewritten(commit, row?.graphHash ?? null, (checkpoint) => {
          const { event, decision, patch } = checkpoint
          const trail = event.type === 'effect.ended' && decision === null ? event.payload.patch?.['trail'] : undefined
          if (trail === undefined) return checkpoint
          return { ...checkpoint, patch: [...patch, ['append', ['context', 'state', 'trail'], { v: trail }]] }
        }),
      )
    },
  })
}

function withLatePatch(checkpoint: Checkpoint): Checkpoint {
  const { event, patch } = checkpoint
  const written = event.type === 'effect.ended' ? (event.payload.patch ?? { score: 1 }) : {}
  return {
    ...checkpoint,
    patch: [
      ...patch,
      ...Object.entries(written).map(([key, value]) => ['set', ['context', 'state', key], { v: value }] as const),
    ],
  }
}

/** A commit whose checkpoints say something else; those left alone keep their texts. */
// oxlint-disable-next-line max-params -- a commit, what its texts rest on, and the change
function rewritten(commit: Commit, graphHash: string | null, change: (checkpoint: Checkpoint) => Checkpoint): Commit {
  const one = (stored: NewCheckpoint): NewCheckpoint => {
    const checkpoint = decodeCheckpoint(stored.text, { runId: stored.runId, graphHash })
    const changed = change(checkpoint)
    return changed === checkpoint ? stored : { ...stored, ...textOf(changed, graphHash) }
  }
  const { checkpoint, earlier } = commit
  return { ...commit, checkpoint: one(checkpoint), ...(earlier !== undefined && { earlier: earlier.map(one) }) }
}

function textOf(checkpoint: Checkpoint, graphHash: string | null): Pick<NewCheckpoint, 'text' | 'hash'> {
  const { text, hash } = encodeCheckpoint(checkpoint, graphHash)
  return { text, hash }
}

/** A rule that was taken back is told as one that was not. */
export function forgettingRevocations(truth: Store): Store {
  return bindMethods(truth, {
    rules: async (workflow) => (await truth.rules(workflow)).map((stored) => ({ ...stored, revoked: null })),
  })
}
