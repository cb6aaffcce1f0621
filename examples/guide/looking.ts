// #region finished-run
import { auditRun, blamePath, createRuntime, forkRun, readHistory, readStats, replayRun } from '@waystone/core'
import { offlineModels, support } from './support.ts'

const runtime = createRuntime({ workflows: [support], models: offlineModels })
const { store } = runtime
const run = await runtime.start(support, { input: { mail: 'I want my money back.' } })
await run.result()
for (const request of await run.requests()) {
  await run.decide(request, { outcome: 'rejected', by: 'ada', reason: 'say when the money comes' })
}
await run.result()
// #endregion finished-run

// #region history
const history = await readHistory(store, run.runId)
for (const { sequence, event, step, decision } of history.checkpoints) {
  console.log(sequence, event.type, step?.node, decision?.taken)
}
console.log(history.at(2).snapshot.context.state)
// #endregion history

// #region why
const { decision } = history.at(1).checkpoint
for (const { edge, verdict, guards } of decision?.candidates ?? []) {
  console.log(
    edge,
    verdict,
    guards?.map(({ guard, result, read }) => [guard, result, read]),
  )
}
// #endregion why

// #region diff
console.log(history.diff(0, history.last))
// #endregion diff

// #region progress
for (const { node, status, visits } of await run.progress({ at: 2 })) console.log(node, status, visits)
// #endregion progress

// #region blame
const blame = blamePath(history, ['reply'])
console.log(blame.writer, blame.sequence, blame.model, blame.sources, blame.reads, blame.approvals)
// #endregion blame

// #region replay
const replay = await replayRun(store, support, run.runId)
console.log(replay.checkpoints, replay.divergence)
// #endregion replay

// #region fork
const forkId = await forkRun(runtime, run.runId, {
  at: 2,
  patch: { reply: 'We pay the money back today.' },
  by: 'ada',
  reason: 'try a better reply',
})
const fork = await runtime.open(support, forkId)
await fork.resume()
const [request] = await fork.requests()
console.log(request?.node, request?.evidence['reply'])
// #endregion fork

// #region audit
const audit = await auditRun(store, run.runId)
console.log(
  audit.chain.isIntact,
  audit.people.map(({ by, outcome, reason }) => `${by}: ${outcome}, ${reason}`),
)
console.log(audit.policies.map(({ policy, uses, violations }) => [policy.never, uses, violations]))
// #endregion audit

// #region stats
for (const { group, name, count, succeeded, medianMs } of await readStats(store, { workflow: 'support' })) {
  console.log(group, name, count, succeeded, medianMs !== null)
}
// #endregion stats

await runtime.close()
