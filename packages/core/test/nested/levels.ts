import { z } from 'zod'
import { END } from '../../src/define/edge.ts'
import type { Limits, Workflow } from '../../src/define/workflow.ts'
import { defineState } from '../../src/define/state.ts'

/** What the workflows of {@link threeLevels} do beside their structure. */
export interface LevelOptions {
  /** Limits of the outermost workflow. */
  readonly limits?: Limits<unknown>
  /** Limits of the one in the middle. */
  readonly middle?: Limits<unknown>
  /** Limits of the innermost. */
  readonly inner?: Limits<unknown>
  /** How often the innermost asks its model; default 2. */
  readonly rounds?: number
  /** Told of each task that runs, with its effect id. */
  readonly onTask?: (effectId: string, signal: AbortSignal) => unknown
}

/**
 * Three workflows in each other: `report` holds `section`, which holds `draft`. The innermost asks a model (`writer`), counts, and asks again
 * until it has its rounds; the middle one then runs a task and asks a person; the outermost publishes.
 */
export function threeLevels(options: LevelOptions = {}): Workflow<{ topic: string }, { out?: string }> {
  const { rounds = 2, onTask = () => undefined } = options
  const d = defineState({ theme: z.string(), text: z.string().optional(), round: z.int().optional() })
  const enough = d.guard('enough', ['round'], ({ round }) => (round ?? 0) >= rounds)
  const dn = d.nodes({
    write: d.agent({ model: 'writer', instructions: 'Write.', reads: ['theme', 'text'], writes: ['text'] }),
    count: d.task({
      effect: 'pure',
      reads: ['round'],
      writes: ['round'],
      run: async ({ state }, { effectId, signal }) => {
        await onTask(effectId, signal)
        return { round: (state.round ?? 0) + 1 }
      },
    }),
  })
  const draft = d.workflow('draft', {
    input: z.object({ theme: z.string() }),
    output: ['text'],
    nodes: dn,
    start: dn.write,
    edges: {
      write: { done: dn.count },
      count: {
        done: [
          { when: enough, to: END },
          { to: dn.write, limit: 20, otherwise: END },
        ],
      },
    },
    ...(options.inner !== undefined && { limits: options.inner as object }),
  })
  const s = defineState({ topic: z.string(), body: z.string().optional(), checked: z.string().optional() })
  const sn = s.nodes({
    draft: s.nested(draft, {
      reads: ['topic'],
      writes: ['body'],
      input: ({ state }) => ({ theme: state.topic }),
      apply: ({ text }) => ({ body: text ?? '' }),
    }),
    check: s.task({
      effect: 'pure',
      reads: ['body'],
      writes: ['checked'],
      run: ({ state }) => ({ checked: `${state.body ?? ''}!` }),
    }),
    editor: s.approval({ show: ['checked'], role: 'editor', expiresIn: '1h' }),
  })
  const section = s.workflow('section', {
    input: z.object({ topic: z.string() }),
    output: ['checked'],
    nodes: sn,
    start: sn.draft,
    edges: {
      draft: { done: sn.check },
      check: { done: sn.editor },
      editor: { approved: END, rejected: { to: sn.draft, limit: 1, otherwise: END }, expired: END },
    },
    ...(options.middle !== undefined && { limits: options.middle as object }),
  })
  const w = defineState({ topic: z.string(), checked: z.string().optional(), out: z.string().optional() })
  const n = w.nodes({
    section: w.nested(section, { reads: ['topic'], writes: ['checked'] }),
    publish: w.task({
      effect: 'pure',
      reads: ['checked'],
      writes: ['out'],
      run: ({ state }) => ({ out: `published ${state.checked ?? 'nothing'}` }),
    }),
    sorry: w.task({ effect: 'pure', writes: ['out'], run: () => ({ out: 'sorry' }) }),
  })
  return w.workflow('report', {
    input: z.object({ topic: z.string() }),
    output: ['out'],
    nodes: n,
    start: n.section,
    edges: {
      section: { done: n.publish, failed: n.sorry, exhausted: n.sorry },
      publish: { done: END },
      sorry: { done: END },
    },
    ...(options.limits !== undefined && { limits: options.limits as object }),
  })
}
