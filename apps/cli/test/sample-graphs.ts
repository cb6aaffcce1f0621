import { graphFormat, type EdgeRecord, type Graph, type NodeKind, type NodeRecord } from '@waystone/core'

const place = { path: 'sample' }
const retry = { attempts: 1, backoffMs: 0, factor: 1, maxBackoffMs: 0, jitter: 0 }

type EdgeNote =
  | string
  | { readonly to: string; readonly when?: string; readonly limit?: number; readonly otherwise?: string }

/** A graph for pictures: nodes by kind, edges by outcome; a list is tried in order. */
export function sampleGraph(
  name: string,
  nodes: Readonly<Record<string, NodeKind>>,
  edges: Readonly<Record<string, Readonly<Record<string, EdgeNote | readonly EdgeNote[]>>>>,
): Graph {
  return {
    format: graphFormat,
    name,
    version: 1,
    description: '',
    state: {},
    inputSchema: {},
    inputKeys: [],
    output: [],
    nodes: Object.fromEntries(Object.entries(nodes).map(([id, kind]) => [id, nodeRecord(id, kind)])),
    start: Object.keys(nodes)[0] ?? '',
    edges: Object.entries(edges).flatMap(([from, outcomes]) =>
      Object.entries(outcomes).flatMap(([outcome, notes]) => edgeRecords(from, outcome, notes)),
    ),
    guards: {},
    tools: {},
    limits: {
      bounds: { steps: { max: 60, check: 'before' }, costUsd: { max: 0.5, check: 'before' } },
      exhausted: ':exhausted',
      place,
    },
    policies: [],
    place,
  }
}

function edgeRecords(from: string, outcome: string, notes: EdgeNote | readonly EdgeNote[]): readonly EdgeRecord[] {
  const list = Array.isArray(notes) ? (notes as readonly EdgeNote[]) : [notes as EdgeNote]
  return list.map((note, index) => {
    const { to, when, limit, otherwise } = typeof note === 'string' ? { to: note } : note
    return {
      id: list.length === 1 ? `${from}.${outcome}` : `${from}.${outcome}.${index}`,
      from,
      outcome,
      index,
      when: when === undefined ? null : { guard: when },
      to,
      limit: limit === undefined ? null : { max: limit, per: null },
      otherwise: otherwise ?? null,
      isImplicit: false,
      place,
    }
  })
}

function nodeRecord(id: string, kind: NodeKind): NodeRecord {
  const base = {
    id,
    reads: [],
    writes: [],
    outcomes: [],
    effect: 'pure',
    retry,
    timeoutMs: null,
    hears: [],
    description: '',
    place,
  } as const
  switch (kind) {
    case 'agent':
      return {
        ...base,
        kind,
        model: 'fast',
        instructions: null,
        tools: [],
        maxModelCalls: 8,
        maxCallsPerTurn: 8,
        maxInputTokens: null,
        maxOutputTokens: null,
        outputSchema: null,
        repairs: 1,
        memory: 'fresh',
      }
    case 'tool':
      return { ...base, kind, tool: `${id}-tool` }
    case 'gate':
      return { ...base, kind, reviewer: null }
    case 'approval':
      return {
        ...base,
        kind,
        show: [],
        edits: [],
        role: 'manager',
        reason: '',
        expiresInMs: null,
        canAskBack: false,
        responseSchema: null,
      }
    case 'task':
      return { ...base, kind }
    case 'map': {
      const bounds = { maxItems: 10, excess: 'fail', concurrency: 2, done: 'all' } as const
      return { ...base, kind, over: null, tool: `${id}-tool`, ...bounds, failed: 'raise', losers: 'abort' }
    }
    case 'join':
      return { ...base, kind, atLeast: null, failed: 'raise', losers: 'abort', deadlineMs: null }
    case 'wait':
      return { ...base, kind, events: ['paid'], key: null, delayMs: null, until: null, expiresInMs: null }
    case 'workflow':
      return { ...base, kind, workflow: `${id}-inside` }
  }
}

/** Eight nodes with every kind of line. */
export const smallSample = sampleGraph(
  'refunds',
  { triage: 'agent', manager: 'approval', refund: 'tool', verify: 'approval', answer: 'agent', tone: 'gate' },
  {
    triage: { done: [{ to: 'refund', when: 'isSmall' }, 'manager'] },
    manager: { approved: 'refund', rejected: 'answer', expired: 'answer' },
    refund: { done: 'answer', unknown: 'verify' },
    verify: { happened: 'answer', 'did-not-happen': { to: 'manager', limit: 1, otherwise: ':fail' } },
    answer: { done: 'tone' },
    tone: { pass: ':end', rude: { to: 'answer', limit: 2, otherwise: ':end' } },
  },
)

/** Sixteen nodes with long labels, self loops and ways back over many layers. */
export const largeSample = sampleGraph(
  'release-train',
  {
    intake: 'agent',
    plan: 'agent',
    review: 'gate',
    owner: 'approval',
    fetchSources: 'tool',
    extract: 'task',
    classify: 'agent',
    draft: 'agent',
    facts: 'gate',
    style: 'gate',
    legal: 'approval',
    translate: 'agent',
    render: 'tool',
    publish: 'tool',
    verifyPublished: 'approval',
    announce: 'tool',
  },
  {
    intake: { done: 'plan' },
    plan: { done: 'review' },
    review: { pass: 'fetchSources', revise: { to: 'plan', limit: 3, otherwise: 'owner' }, escalate: 'owner' },
    owner: { approved: 'fetchSources', rejected: ':fail', expired: ':fail' },
    fetchSources: { done: 'extract', failed: 'owner' },
    extract: { done: 'classify' },
    classify: {
      done: [
        { to: 'legal', when: 'mentionsPeopleOrCompanies' },
        { to: 'translate', when: 'needsTranslation' },
        'draft',
      ],
    },
    draft: { done: 'facts' },
    facts: { pass: 'style', fail: { to: 'draft', limit: 2, otherwise: 'owner' } },
    style: { pass: 'render', fail: { to: 'draft', limit: 2, otherwise: 'render' } },
    legal: { approved: 'draft', rejected: ':fail' },
    translate: { done: 'draft' },
    render: { done: 'publish', timeout: 'render' },
    publish: { done: 'announce', unknown: 'verifyPublished' },
    verifyPublished: { happened: 'announce', 'did-not-happen': { to: 'publish', limit: 1, otherwise: ':fail' } },
    announce: { done: ':end' },
  },
)
