import type { CommandDefinition } from './command.ts'

/** A sub-command that is loaded when it is used. */
export interface CommandEntry {
  readonly name: string
  readonly summary: string
  /** Options differ by command; each file's `run` is only ever given what its own `configure` declared. */
  load(): Promise<CommandDefinition<never>>
}

function entry(name: string, summary: string, load: () => Promise<CommandDefinition<never>>): CommandEntry {
  return { name, summary, load }
}

/** All sub-commands. Order: as `--help` lists them. */
export const commands: readonly CommandEntry[] = [
  entry(
    'check',
    'check a workflow: findings and static bounds',
    async () => (await import('./commands/check.ts')).check,
  ),
  entry('graph', 'draw a workflow, or give its data', async () => (await import('./commands/graph.ts')).graph),
  entry('run', 'run a workflow', async () => (await import('./commands/run.ts')).run),
  entry('runs', 'list runs, newest first', async () => (await import('./commands/runs.ts')).runs),
  entry(
    'show',
    'show a run, its state, or why it went where it went',
    async () => (await import('./commands/show.ts')).show,
  ),
  entry(
    'approve',
    'approve what a run asks, or approve it edited',
    async () => (await import('./commands/approve.ts')).approve,
  ),
  entry('reject', 'reject what a run asks', async () => (await import('./commands/reject.ts')).reject),
  entry(
    'answer',
    'answer a run with any of the outcomes it offers',
    async () => (await import('./commands/answer.ts')).answer,
  ),
  entry('send', 'send an event to a run', async () => (await import('./commands/send.ts')).send),
  entry('ask', 'ask about a request before it is decided', async () => (await import('./commands/ask.ts')).ask),
  entry(
    'rules',
    'decisions that are remembered for calls to come; take one back',
    async () => (await import('./commands/rules.ts')).rules,
  ),
  entry('hold', 'hold a run: nothing new is started', async () => (await import('./commands/hold.ts')).hold),
  entry('release', 'release a held run', async () => (await import('./commands/release.ts')).release),
  entry('patch', 'set keys of the state of a run anew', async () => (await import('./commands/patch.ts')).patch),
  entry(
    'redirect',
    'send a run to a node that is declared redirectable',
    async () => (await import('./commands/redirect.ts')).redirect,
  ),
  entry('resume', 'go on with a run, or with all that can', async () => (await import('./commands/resume.ts')).resume),
  entry('cancel', 'cancel a run for good', async () => (await import('./commands/cancel.ts')).cancel),
  entry(
    'delete',
    'delete a run with all that is stored of it',
    async () => (await import('./commands/delete.ts')).deleteCommand,
  ),
  entry(
    'replay',
    'derive a run again from its stored events, without effects',
    async () => (await import('./commands/replay.ts')).replay,
  ),
  entry('fork', 'start a new run from an old checkpoint', async () => (await import('./commands/fork.ts')).fork),
  entry(
    'audit',
    'people, decisions and policies of a run; verifies its chain',
    async () => (await import('./commands/audit.ts')).audit,
  ),
  entry(
    'memory',
    'look at the long-term memory, search it, write it',
    async () => (await import('./commands/memory.ts')).memory,
  ),
  entry(
    'stats',
    'success, errors, cost, tokens and latency over a period',
    async () => (await import('./commands/stats.ts')).stats,
  ),
]
