import { expect, it } from 'vitest'
import { z } from 'zod'
import { END } from '../define/edge.ts'
import { defineState } from '../define/state.ts'
import { forkRun } from '../replay/fork-run.ts'
import { defineConfig } from './config.ts'
import { createRuntime } from './create-runtime.ts'
import type { Run, Runtime } from './runtime.ts'

const w = defineState({ topic: z.string() })
const n = w.nodes({ ask: w.approval({ show: ['topic'], redirectable: true }) })
const asking = w.workflow('asking', {
  input: z.object({ topic: z.string() }),
  output: [],
  nodes: n,
  start: n.ask,
  edges: { ask: { approved: END, rejected: END } },
})
const who = { by: 'ada', reason: 'a look' }

/** What untyped code may give, in place of anything. */
function untyped(given: unknown): never {
  return given as never
}

it.each([
  [{ workflow: [asking] }, 'createRuntime was given "workflow"', 'did you mean "workflows"?'],
  [{ colour: 1 }, 'createRuntime was given "colour"; allowed are: workflows, store, memory,', 'onNotice'],
  [{ groups: { vault: { secret: () => 'x' } } }, 'option groups.vault was given "secret"', 'did you mean "secrets"?'],
  [[asking], 'createRuntime was given a list; an object with workflows, store,', 'belongs there'],
  [null, 'createRuntime was given null; an object with workflows, store,', 'belongs there'],
])('createRuntime refuses %j', (options, found, allowed) => {
  const matching = (text: string): string => expect.stringContaining(text) as string
  for (const text of [found, allowed])
    expect(() => createRuntime(untyped(options))).toThrow(
      expect.objectContaining({ code: 'WAYSTONE_INPUT_RUNTIME_OPTION', message: matching(text) }),
    )
})

it('createRuntime takes a whole configuration, stand-ins too', async () => {
  const runtime = createRuntime(defineConfig({ workflows: [asking], offlineModels: {} }))
  expect(runtime.compiled('asking')).toBeDefined()
  await runtime.close()
})

type Call = readonly [what: string, code: string, made: (at: { runtime: Runtime; run: Run }) => Promise<unknown>]

it.each<Call>([
  [
    'a start was given "tag"; allowed are: input, key, tags; did you mean "tags"?',
    'WAYSTONE_INPUT_START',
    ({ runtime }) => runtime.start(asking, untyped({ input: { topic: 'tea' }, tag: { shop: 'a' } })),
  ],
  [
    'a start was given undefined; an object with input, key, tags belongs there',
    'WAYSTONE_INPUT_START',
    ({ runtime }) => runtime.start(asking, untyped(undefined)),
  ],
  [
    'a hold was given "override"; allowed are: by, reason',
    'WAYSTONE_INPUT_MOVE',
    ({ run }) => run.hold(untyped({ ...who, override: [] })),
  ],
  [
    'a cancel was given "reasons"; allowed are: by, reason; did you mean "reason"?',
    'WAYSTONE_INPUT_MOVE',
    ({ run }) => run.cancel(untyped({ ...who, reasons: 'x' })),
  ],
  [
    'a release was given "overide"; allowed are: by, reason, override; did you mean "override"?',
    'WAYSTONE_INPUT_RELEASE',
    ({ run }) => run.release(untyped({ ...who, overide: [] })),
  ],
  [
    'a redirect was given "node"; allowed are: to, by, reason, override',
    'WAYSTONE_INPUT_REDIRECT',
    ({ run }) => run.redirect(untyped({ ...who, to: 'ask', node: 'ask' })),
  ],
  [
    'a patch was given "unsets"; allowed are: state, unset, by, reason, override; did you mean "unset"?',
    'WAYSTONE_INPUT_PATCH',
    ({ run }) => run.patch(untyped({ ...who, state: { topic: 'tea' }, unsets: ['topic'] })),
  ],
  [
    'a decision was given "edit"; allowed are: outcome, reason, edits, arguments, response, result, by, for, through, remember; did you mean "edits"?',
    'WAYSTONE_INPUT_DECISION',
    ({ run }) => run.decide('1', untyped({ outcome: 'approved', by: 'ada', edit: {} })),
  ],
  [
    'decide was given "isRecorded"; allowed are: isRecordedOnly',
    'WAYSTONE_INPUT_DECISION',
    ({ run }) => run.decide('1', { outcome: 'approved', by: 'ada' }, untyped({ isRecorded: true })),
  ],
  [
    '`remember` of a decision was given "expiresin"; allowed are: scope, arguments, expiresIn; did you mean "expiresIn"?',
    'WAYSTONE_INPUT_DECISION',
    async ({ run }) => {
      const [request] = await run.requests()
      const remember = untyped({ scope: 'run', expiresin: '30d' })
      return await run.decide(request?.id ?? '', { outcome: 'approved', by: 'ada', remember })
    },
  ],
  [
    'a question was given "text"; allowed are: question, by, through',
    'WAYSTONE_INPUT_QUESTION',
    ({ run }) => run.ask('1', untyped({ question: 'Why?', by: 'ada', text: 'x' })),
  ],
  [
    'an answer was given "number"; allowed are: question, answer, by, through',
    'WAYSTONE_INPUT_QUESTION',
    ({ run }) => run.answer('1', untyped({ answer: 'So.', by: 'ada', number: 1 })),
  ],
  [
    'a sent event was given "keys"; allowed are: id, key, by, through, isRecordedOnly; did you mean "key"?',
    'WAYSTONE_INPUT_EVENT',
    ({ run }) => run.send('paid', null, untyped({ keys: 'o-1' })),
  ],
  [
    'a revocation was given "why"; allowed are: by, reason',
    'WAYSTONE_INPUT_RULE',
    ({ runtime, run }) => runtime.revokeRule(`${run.runId}/1`, untyped({ ...who, why: 'x' })),
  ],
  [
    'a fork was given "state"; allowed are: at, patch, by, reason, tags, afterUndo, override',
    'WAYSTONE_INPUT_FORK',
    ({ runtime, run }) => forkRun(runtime, run.runId, untyped({ ...who, at: 0, state: {} })),
  ],
  [
    'close was given "drian"; allowed are: drain; did you mean "drain"?',
    'WAYSTONE_INPUT_RUNTIME_OPTION',
    ({ runtime }) => runtime.close(untyped({ drian: true })),
  ],
])('%s', async (message, code, made) => {
  const runtime = createRuntime({ workflows: [asking] })
  const run = (await runtime.start(asking, { input: { topic: 'coffee' } })) as Run
  const { sequence } = await run.result()
  await expect(made({ runtime, run })).rejects.toMatchObject({ code, message })
  expect((await run.status()).sequence).toBe(sequence)
  expect((await runtime.list()).rows).toHaveLength(1)
  await runtime.close()
})
