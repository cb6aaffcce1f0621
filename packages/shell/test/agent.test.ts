import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { createRuntime, defineState, END, type Tool } from '@waystone/core'
import { createMemoryStore } from '@waystone/core/store'
import { scriptedModel } from '@waystone/testing'
import { expect, it } from 'vitest'
import { z } from 'zod'
import {
  confinementProblem,
  shellTool as makeShellTool,
  type ShellInput,
  type ShellOutput,
  type ShellToolOptions,
} from '../src/index.ts'
import { atEnd, bubblewrap, newFolder } from './call-shell.ts'

/** The tool with the bubblewrap of the tests. */
function shellTool(options: ShellToolOptions<'shell'>): Tool<'shell', ShellInput, ShellOutput> {
  return makeShellTool({ ...options, ...(bubblewrap !== undefined && { bubblewrap }) })
}

it('gives an agent a tool that asks a person before it runs anything', { timeout: 30_000 }, async ({ skip }) => {
  const problem = await confinementProblem(bubblewrap)
  skip(problem !== null, problem ?? '')
  const folder = newFolder()
  // #region tool
  const shell = shellTool({
    root: folder,
    allow: ['ls', 'cat', { program: 'git', subcommands: ['init', 'status', 'add', 'commit', 'log', 'diff'] }],
    environment: {
      GIT_AUTHOR_NAME: 'clerk',
      GIT_AUTHOR_EMAIL: 'clerk@example.org',
      GIT_COMMITTER_NAME: 'clerk',
      GIT_COMMITTER_EMAIL: 'clerk@example.org',
    },
    timeoutMs: 20_000,
  })

  const w = defineState({ task: z.string(), report: z.string().optional() })
  const n = w.nodes({
    clerk: w.agent({
      model: 'fast',
      instructions: 'Do the task with the shell tool, and report what you did.',
      tools: [shell],
      reads: ['task'],
      writes: ['report'],
      maxModelCalls: 6,
    }),
  })
  // #endregion tool
  const workflow = w.workflow('chores', {
    input: z.object({ task: z.string() }),
    output: ['report'],
    nodes: n,
    start: n.clerk,
    edges: { clerk: { done: END } },
  })
  const model = scriptedModel({
    clerk: [
      { calls: [{ name: 'shell', arguments: { command: 'git init -q && rm -rf ..' } }] },
      { calls: [{ name: 'shell', arguments: { command: 'git init -q .' } }] },
      { output: { report: 'There is a repository now.' } },
    ],
  })
  const runtime = createRuntime({ store: createMemoryStore(), models: { fast: model } })
  atEnd(() => runtime.close())
  const run = await runtime.start(workflow, { input: { task: 'Make a repository.' } })

  expect((await run.result({ until: 'rest' })).status).toBe('waiting')
  const [request, ...others] = await run.requests()
  expect(others).toEqual([])
  expect(JSON.stringify(request)).toContain('git init -q .')
  expect(existsSync(join(folder, '.git'))).toBe(false)
  if (request === undefined) return
  await run.decide(request, { outcome: 'approved', by: 'ada', reason: 'fine' })

  expect(await run.result()).toMatchObject({ status: 'completed', output: { report: 'There is a repository now.' } })
  expect(readFileSync(join(folder, '.git/HEAD'), 'utf8')).toContain('refs/heads/')
  // What was refused was refused by the schema: nobody was asked about it, and the model was told what is allowed.
  expect(JSON.stringify(model.calls[1]?.request.messages)).toContain('Allowed: one program with its arguments, of: ls')
  expect(JSON.stringify(model.calls[2]?.request.messages)).toContain('exitCode')
  model.assertComplete()
})
