import { z } from 'zod'
import { defineAgent, type Agent } from '../../src/define/agent.ts'
import { END, FAIL } from '../../src/define/edge.ts'
import type { MapDone } from '../../src/define/map.ts'
import { defineState } from '../../src/define/state.ts'
import { defineTool, type EffectContext, type Tool } from '../../src/define/tool.ts'
import type { Limits, Workflow } from '../../src/define/workflow.ts'
import { nodeFailure } from '../../src/errors/node-error.ts'
import type { Model, ModelCallOptions, ModelRequest, ModelResponse } from '../../src/define/model.ts'
import { says } from '../support/scripted-model.ts'

/** What the maps here may be told otherwise. */
export interface ItemOptions {
  readonly concurrency?: number
  readonly done?: MapDone
  readonly failed?: 'raise' | 'keep' | 'drop'
  readonly retry?: { readonly attempts: number; readonly backoff?: '1s' }
  /** Of an agent's model calls. */
  readonly timeout?: '10s'
  /** Limits of the workflow around the map. */
  readonly limits?: Limits<unknown>
  /** Limits of what an item runs. */
  readonly inner?: Limits<unknown>
}

/** A model that answers each request by itself, whatever their order; keeps what it was asked. */
export function answering(
  answer: (text: string, options: ModelCallOptions) => unknown,
): Model & { readonly requests: ModelRequest[]; readonly effectIds: string[] } {
  const requests: ModelRequest[] = []
  const effectIds: string[] = []
  return {
    name: 'answering',
    requests,
    effectIds,
    async call(request, options) {
      requests.push(request)
      effectIds.push(options.effectId)
      const given = await answer(JSON.stringify(request.messages), options)
      const isWhole = typeof given === 'object' && given !== null && 'message' in given
      return isWhole ? (given as ModelResponse) : says(given as string)
    },
  }
}

/** The word that a request is about: what stands behind `"word":` in it. */
export function wordOf(text: string): string {
  return /\\"word\\":\\"(\w+)\\"/.exec(text)?.[1] ?? ''
}

type NoteTool = Tool<'note', { word: string }, { noted: string }>

/** Says what a word means; a tool of it may be given. */
export function wordAgent(tools: readonly NoteTool[] = []): Agent<'note', { word: string }, { meaning: string }> {
  return defineAgent({
    model: 'writer',
    instructions: 'Say what the word means.',
    input: z.object({ word: z.string() }),
    output: z.object({ meaning: z.string() }),
    tools: [...tools],
  })
}

/** A tool that notes a word, and asks a person where it is told to. */
export function noteTool(onNote: (word: string, context: EffectContext) => unknown, approval = false): NoteTool {
  return defineTool({
    name: 'note',
    description: 'Notes a word.',
    effect: 'keyed',
    approval,
    input: z.object({ word: z.string() }),
    output: z.object({ noted: z.string() }),
    run: async ({ word }, context) => {
      await onNote(word, context)
      return { noted: word }
    },
  })
}

type Words = Workflow<{ words: string[] }, { meanings?: string[] | undefined }>

const w = defineState({ words: z.array(z.string()), meanings: z.array(z.string()).optional() })
const input = z.object({ words: z.array(z.string()) })

/** `words`: a map whose items are runs of an agent. */
export function agentItems(options: ItemOptions = {}, agent = wordAgent()): Words {
  const { limits, inner: _, ...map } = options
  const n = w.nodes({
    each: w.map({
      over: 'words',
      writes: ['meanings'],
      item: agent,
      input: (word) => ({ word }),
      maxItems: 100,
      ...map,
      apply: (results) => ({ meanings: results.map((one) => one.output?.meaning ?? `no ${one.index}`) }),
    }),
  })
  return w.workflow('words', {
    input,
    output: ['meanings'],
    nodes: n,
    start: n.each,
    edges: { each: routesOf(options) },
    ...(limits !== undefined && { limits: limits as object }),
  })
}

/**
 * `words`: a map whose items are runs of a workflow, `entry`: an agent, a task (`onTask`) that is retried nowhere, and, where an editor is
 * asked for, a person.
 */
export function workflowItems(
  options: ItemOptions & {
    readonly onTask?: (word: string, context: EffectContext) => unknown
    readonly hasEditor?: boolean
  } = {},
): Words {
  const { limits, inner, onTask = () => undefined, hasEditor = false, ...map } = options
  const s = defineState({ word: z.string(), meaning: z.string().optional(), checked: z.string().optional() })
  const sn = s.nodes({
    write: s.agent({ model: 'writer', instructions: 'Write.', reads: ['word'], writes: ['meaning'] }),
    check: s.task({
      effect: 'keyed',
      retry: { attempts: 1 },
      reads: ['word', 'meaning'],
      writes: ['checked'],
      run: async ({ state }, context) => {
        const verdict = await onTask(state.word, context)
        if (verdict instanceof Error) throw verdict
        return { checked: `${state.meaning ?? ''}!` }
      },
    }),
    editor: s.approval({ show: ['word', 'checked'], role: 'editor' }),
  })
  const entry = s.workflow('entry', {
    input: z.object({ word: z.string() }),
    output: ['checked'],
    nodes: sn,
    start: sn.write,
    edges: {
      write: { done: sn.check },
      check: { done: [{ when: s.guard('edited', [], () => hasEditor), to: sn.editor }, END] },
      editor: { approved: END, rejected: FAIL },
    },
    ...(inner !== undefined && { limits: inner as object }),
  })
  const n = w.nodes({
    each: w.map({
      over: 'words',
      writes: ['meanings'],
      item: entry,
      input: (word) => ({ word }),
      maxItems: 100,
      ...map,
      apply: (results) => ({ meanings: results.map((one) => one.output?.checked ?? `no ${one.index}`) }),
    }),
  })
  return w.workflow('words', {
    input,
    output: ['meanings'],
    nodes: n,
    start: n.each,
    edges: { each: routesOf(options) },
    ...(limits !== undefined && { limits: limits as object }),
  })
}

/** Routes of the outcomes that a map with these options has. */
function routesOf({ done = 'all', failed = 'raise' }: ItemOptions): never {
  const isSure = done === 'all' && failed !== 'drop'
  return (isSure ? { done: END } : { done: END, unsatisfied: FAIL }) as never
}

/** A failure that may be gone at the next attempt. */
export function passing(): Error {
  return nodeFailure('busy', { retryable: true })
}
