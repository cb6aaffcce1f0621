import { createRuntime, defineAgent, defineState, END, type Json, type Model, type Workflow } from '@waystone/core'
import type { Store } from '@waystone/core/store'
import { openAiModel } from '@waystone/openai'
import { startModelLab, type LabRequest } from '@waystone/testing/lab'
import { z } from 'zod'

const worker = defineAgent({
  model: 'small',
  instructions: 'Do what the brief says, and report.',
  input: z.object({ brief: z.string() }),
  output: z.object({ report: z.string() }),
})

type Team = Workflow<{ brief: string }, { reports?: string[] | undefined }>

const s = defineState({
  brief: z.string(),
  parts: z.array(z.string()).optional(),
  reports: z.array(z.string()).optional(),
})

/** Of an agent that splits its brief in parts. */
const splitting = {
  model: 'small',
  instructions: 'Split the brief into parts.',
  reads: ['brief'],
  writes: ['parts'],
} as const

const leadNodes = s.nodes({
  split: s.agent(splitting),
  team: s.map({
    over: 'parts',
    writes: ['reports'],
    item: worker,
    input: (brief) => ({ brief }),
    maxItems: 10,
    concurrency: 10,
    apply: (results) => ({ reports: results.map(({ output }) => output.report) }),
  }),
})
const lead: Team = s.workflow('lead', {
  input: z.object({ brief: z.string() }),
  output: ['reports'],
  nodes: leadNodes,
  start: leadNodes.split,
  edges: { split: { done: leadNodes.team }, team: { done: END } },
})

const managerNodes = s.nodes({
  split: s.agent(splitting),
  team: s.map({
    over: 'parts',
    writes: ['reports'],
    item: lead,
    input: (brief) => ({ brief }),
    maxItems: 10,
    concurrency: 10,
    apply: (results) => ({ reports: results.flatMap(({ output }) => output.reports ?? []) }),
  }),
})
const manager: Team = s.workflow('manager', {
  input: z.object({ brief: z.string() }),
  output: ['reports'],
  nodes: managerNodes,
  start: managerNodes.split,
  edges: { split: { done: managerNodes.team }, team: { done: END } },
})

const w = defineState({ goals: z.array(z.string()), reports: z.array(z.string()).optional() })
const nodes = w.nodes({
  managers: w.map({
    over: 'goals',
    writes: ['reports'],
    item: manager,
    input: (brief) => ({ brief }),
    maxItems: 10,
    concurrency: 10,
    apply: (results) => ({ reports: results.flatMap(({ output }) => output.reports ?? []) }),
  }),
})

/** Managers, each with leads, each with workers; one budget of model calls for all of them. */
function companyOf(modelCalls: number): Workflow<{ goals: string[] }, { reports?: string[] | undefined }> {
  return w.workflow('company', {
    input: z.object({ goals: z.array(z.string()) }),
    output: ['reports'],
    nodes,
    start: nodes.managers,
    edges: { managers: { done: END } },
    limits: { modelCalls },
  })
}

/** How wide the hierarchy is: of managers, of leads a manager, of workers a lead; 1 to 10. */
export interface Fan {
  readonly managers: number
  readonly leads: number
  readonly workers: number
}

/** Calls of the model that a hierarchy makes. */
export function callsOf({ managers, leads, workers }: Fan): number {
  return managers * (1 + leads * (1 + workers))
}

/** What a hierarchy came to. */
export interface Worked {
  readonly status: string
  readonly reports: readonly string[]
  /** As the lab counted them. */
  readonly calls: number
  /** What was sent with each call, whole. Order: as they came in. */
  readonly prompts: readonly string[]
  readonly wallMs: number
  /** Of all threads of the process, the lab included. */
  readonly cpuMs: number
  /** Of the whole process, bytes, while it runs: the most that was seen. */
  readonly rssBytes: number
}

/** Runs the company against the lab, a real server, each of whose answers is made of the brief that it is asked with. */
export async function work(fan: Fan, store: Store): Promise<Worked> {
  const lab = await startModelLab({
    script: [{ when: {}, isRepeated: true, answers: [(request) => answerTo(fan, request)] }],
  })
  const small: Model = openAiModel({ model: 'small', api: 'responses', baseUrl: lab.url, apiKey: null, stream: false })
  // Not one call more than they need.
  const company = companyOf(callsOf(fan))
  const runtime = createRuntime({ store, models: { small }, workflows: [company], checkPurity: false })
  const cpu = process.cpuUsage()
  let rssBytes = 0
  const watch = setInterval(() => (rssBytes = Math.max(rssBytes, process.memoryUsage().rss)), 50)
  const beganAt = performance.now()
  try {
    const goals = Array.from({ length: fan.managers }, (_, index) => `goal ${index}`)
    const run = await runtime.start(company, { input: { goals } })
    const { status, output } = await run.result()
    const wallMs = performance.now() - beganAt
    const { user, system } = process.cpuUsage(cpu)
    const prompts = lab.entries.map(({ body }) => JSON.stringify(body))
    return {
      status,
      reports: output?.reports ?? [],
      calls: lab.entries.length,
      prompts,
      wallMs,
      cpuMs: (user + system) / 1_000,
      rssBytes,
    }
  } finally {
    clearInterval(watch)
    await runtime.close()
    await lab.close()
  }
}

const Asked = z.object({ brief: z.string() })

function answerTo({ leads, workers }: Fan, { messages }: LabRequest): { readonly json: Json } {
  const { brief } = Asked.parse(JSON.parse(messages.find(({ role }) => role === 'user')?.text ?? ''))
  const level = brief.split(' / ').length
  if (level === 3) return { json: { report: `done: ${brief}` } }
  const [length, what] = level === 1 ? [leads, 'part'] : [workers, 'task']
  return { json: { parts: Array.from({ length }, (_, index) => `${brief} / ${what} ${index}`) } }
}
