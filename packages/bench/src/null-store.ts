import { createMemoryStore, type Store } from '@waystone/core/store'

/**
 * A store that keeps only the first checkpoint of a run: what a run over it costs is the engine itself, with every checkpoint
 * written, hashed and then dropped. Nothing can be read back but the run's row.
 */
export function createNullStore(): Store {
  const first = createMemoryStore()
  const done = Promise.resolve()
  return {
    name: 'none',
    durability: 'memory',
    create: (run) => first.create(run),
    commit: () => done,
    markStarted: () => done,
    acquire: (request) => first.acquire(request),
    renew: (leases, expiresAt) => first.renew(leases, expiresAt),
    release: () => done,
    deliver: (runId, event) => first.deliver(runId, event),
    inbox: (runIds) => first.inbox(runIds),
    discard: () => done,
    refused: (runId) => first.refused(runId),
    deleteRun: (request) => first.deleteRun(request),
    rules: (workflow) => first.rules(workflow),
    revokeRule: (revoke) => first.revokeRule(revoke),
    permits: (request) => first.permits(request),
    permitVersion: () => first.permitVersion(),
    line: () => first.line(),
    claimable: (now, limit) => first.claimable(now, limit),
    row: (runId) => first.row(runId),
    list: (filter) => first.list(filter),
    load: (runId) => first.load(runId),
    checkpoints: (runId, from, to) => first.checkpoints(runId, from, to),
    keyframe: (runId, sequence) => first.keyframe(runId, sequence),
    after: (position, limit) => first.after(position, limit),
    blob: (hash) => first.blob(hash),
    graph: (graphHash, behaviourHash) => first.graph(graphHash, behaviourHash),
    watch: (callback) => first.watch(callback),
    close: () => first.close(),
  }
}
