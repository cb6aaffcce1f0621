import { defineAgent, defineState, END } from '@waystone/core'
import { z } from 'zod'

const reviewer = defineAgent({
  model: 'small',
  instructions: 'Review the file. Name what is wrong with it, or nothing.',
  input: z.object({ file: z.string(), rules: z.string() }),
  output: z.object({ problems: z.array(z.string()) }),
  maxModelCalls: 2,
})

// #region inner
const s = defineState({ file: z.string(), text: z.string().optional() })
const sn = s.nodes({
  write: s.agent({ model: 'small', instructions: 'Document the file.', reads: ['file'], writes: ['text'] }),
  editor: s.approval({ show: ['file', 'text'], role: 'editor' }),
})
const page = s.workflow('page', {
  input: z.object({ file: z.string() }),
  output: ['text'],
  nodes: sn,
  start: sn.write,
  edges: {
    write: { done: sn.editor },
    editor: { approved: END, rejected: { to: sn.write, limit: 2, otherwise: END } },
  },
})
// #endregion inner

const w = defineState({
  files: z.array(z.string()),
  rules: z.string(),
  problems: z.array(z.string()).optional(),
  pages: z.array(z.string()).optional(),
})

// #region nodes
const n = w.nodes({
  reviewAll: w.map({
    over: 'files',
    reads: ['rules'],
    writes: ['problems'],
    item: reviewer, // defineAgent({ … })
    input: (file, { state }) => ({ file, rules: state.rules }),
    maxItems: 200,
    failed: 'keep',
    apply: (results) => ({ problems: results.flatMap(({ output }) => output?.problems ?? []) }),
  }),
  document: w.map({
    over: 'files',
    writes: ['pages'],
    item: page, // a workflow
    input: (file) => ({ file }),
    maxItems: 200,
    apply: (results) => ({ pages: results.map(({ output }) => output.text ?? '') }),
  }),
})
// #endregion nodes

/** Reviews the files of a project, and writes a page about each. */
export const project = w.workflow('project', {
  input: z.object({ files: z.array(z.string()), rules: z.string() }),
  output: ['problems', 'pages'],
  nodes: n,
  start: n.reviewAll,
  edges: { reviewAll: { done: n.document }, document: { done: END } },
  limits: { modelCalls: 500 },
})
