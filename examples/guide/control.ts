import { defineAgent, defineState, END, FAIL, type Workflow } from '@waystone/core'
import { z } from 'zod'

// #region agents
/** One set of agents. They know nothing of each other, and nothing of who asks them. */
export const agents = {
  research: defineAgent({
    model: 'main',
    instructions: 'Collect facts about the topic.',
    input: z.object({ topic: z.string() }),
    output: z.object({ facts: z.string() }),
  }),
  write: defineAgent({
    model: 'main',
    instructions: 'Write a text out of the facts.',
    input: z.object({ facts: z.string() }),
    output: z.object({ text: z.string() }),
  }),
}
// #endregion agents

const input = z.object({ topic: z.string() })
const shape = { topic: z.string(), facts: z.string().optional(), text: z.string().optional() }
type Report = Workflow<{ topic: string }, { readonly text?: string }>

/** Central: one node decides who is next, and everybody comes back to it. */
function central(): Report {
  // #region central
  const w = defineState(shape)
  const n = w.nodes({
    lead: w.gate({
      reads: ['facts', 'text'],
      outcomes: ['research', 'write', 'ready'],
      decide: ({ state: { facts, text } }) =>
        text !== undefined ? 'ready' : facts !== undefined ? 'write' : 'research',
    }),
    research: w.agent(agents.research, { reads: ['topic'], writes: ['facts'] }),
    write: w.agent(agents.write, {
      reads: ['facts'],
      writes: ['text'],
      input: ({ state }) => ({ facts: state.facts ?? '' }),
    }),
  })
  return w.workflow('central', {
    input,
    output: ['text'],
    nodes: n,
    start: n.lead,
    edges: {
      lead: {
        research: { to: n.research, limit: 2, otherwise: FAIL },
        write: { to: n.write, limit: 2, otherwise: FAIL },
        ready: END,
      },
      research: { done: n.lead },
      write: { done: n.lead },
    },
  })
  // #endregion central
}

/** Decentral: each hands on to the next along its own edge. */
function decentral(): Report {
  // #region decentral
  const w = defineState(shape)
  const n = w.nodes({
    research: w.agent(agents.research, {
      reads: ['topic'],
      writes: ['facts'],
      handoffs: {
        write: { description: 'Who writes texts.', contract: z.object({ facts: z.string() }), slice: 'contract' },
      },
    }),
    write: w.agent(agents.write, { writes: ['text'], input: () => ({ facts: 'See what you were handed.' }) }),
  })
  return w.workflow('decentral', {
    input,
    output: ['text'],
    nodes: n,
    start: n.research,
    edges: { research: { done: n.write, write: n.write }, write: { done: END } },
    limits: { handoffs: { max: 3 } },
  })
  // #endregion decentral
}

/** Federated: two groups, each with a state of its own; only what they export crosses. */
function federated(): Report {
  // #region federated
  const w = defineState({ topic: z.string(), brief: z.string().optional(), text: z.string().optional() })
  const library = w.group('library', { state: { facts: z.string().optional() }, exports: ['brief'] })
  const desk = w.group('desk', { state: { draft: z.string().optional() }, exports: ['text'] })
  const n = w.nodes({
    research: library.agent(agents.research, { reads: ['topic'], writes: ['facts'] }),
    release: library.task({
      effect: 'pure',
      reads: ['facts'],
      writes: ['brief'],
      run: ({ state }) => ({ brief: state.facts ?? '' }),
    }),
    write: desk.agent(agents.write, {
      reads: ['brief'],
      writes: ['draft'],
      input: ({ state }) => ({ facts: state.brief ?? '' }),
      apply: ({ text }) => ({ draft: text }),
    }),
    print: desk.task({
      effect: 'pure',
      reads: ['draft'],
      writes: ['text'],
      run: ({ state }) => ({ text: state.draft ?? '' }),
    }),
  })
  return w.workflow('federated', {
    input,
    output: ['text'],
    nodes: n,
    start: n.research,
    edges: {
      research: { done: n.release },
      release: { done: n.write },
      write: { done: n.print },
      print: { done: END },
    },
  })
  // #endregion federated
}

/** Hierarchical: a manager gives goals to teams, each a workflow of its own, and gets results. */
function hierarchical(): Report {
  // #region hierarchical
  const team = defineState({ topic: z.string(), facts: z.string().optional() })
  const inTeam = team.nodes({ research: team.agent(agents.research, { reads: ['topic'], writes: ['facts'] }) })
  const researchers = team.workflow('researchers', {
    input,
    output: ['facts'],
    nodes: inTeam,
    start: inTeam.research,
    edges: { research: { done: END } },
  })
  const office = defineState({ facts: z.string(), text: z.string().optional() })
  const inOffice = office.nodes({ write: office.agent(agents.write, { reads: ['facts'], writes: ['text'] }) })
  const writers = office.workflow('writers', {
    input: z.object({ facts: z.string() }),
    output: ['text'],
    nodes: inOffice,
    start: inOffice.write,
    edges: { write: { done: END } },
  })
  const w = defineState(shape)
  const n = w.nodes({
    findOut: w.nested(researchers, { reads: ['topic'], writes: ['facts'] }),
    publish: w.nested(writers, {
      reads: ['facts'],
      writes: ['text'],
      input: ({ state }) => ({ facts: state.facts ?? '' }),
    }),
  })
  return w.workflow('hierarchical', {
    input,
    output: ['text'],
    nodes: n,
    start: n.findOut,
    edges: { findOut: { done: n.publish }, publish: { done: END } },
  })
  // #endregion hierarchical
}

/** The same agents under four kinds of control. */
export const reports: readonly Report[] = [central(), decentral(), federated(), hierarchical()]
