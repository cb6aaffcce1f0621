import { z } from 'zod'
import type { Json } from '../base/json.ts'
import { END } from '../define/edge.ts'
import { makeGuard } from '../define/guard.ts'
import type { NodeDefinition, NodeKind } from '../define/node.ts'
import { makeNode, makeNodes, referredFrom } from '../define/nodes.ts'
import { workflowMarker, type Workflow, type WorkflowDefinition } from '../define/workflow.ts'
import { nodeError } from '../errors/node-error.ts'
import { itemKeys } from './agent-workflow.ts'
import type { NodeInput } from './registry.ts'

/** What a map is told of the tool calls that its items are. */
interface AskedItems {
  /** The map whose items they are. */
  readonly map: string
  /** What `defineTool` gave, and its input. */
  readonly tool: unknown
  readonly schema: z.ZodType
  /** Options of the map that are those of the call: `effect`, `retry`, `timeout`, `compensate`. */
  readonly use: Readonly<Record<string, unknown>>
  /** Who is asked, and how: options of an approval. */
  readonly terms: Readonly<Record<string, unknown>>
  readonly canEdit: boolean
  /** Whether a call is asked about. @param input - parsed; null: every call is */
  readonly when: ((input: unknown) => unknown) | null
  /** What people call that, and where its author wrote it. */
  readonly rule: { readonly name: string; readonly source: NodeDefinition['source'] }
  readonly source: NodeDefinition['source']
}

/**
 * A workflow of an item that a person is asked about: the request shows what the tool is to be called with, and the call is made with
 * what they approved. Whoever says no ends the item as failed.
 *
 * Its state takes any JSON that the tool's input takes, so that what a person edits is parsed by that schema as they decide.
 */
export function workflowOfAskedCall(items: AskedItems): Workflow {
  const { map, schema, when, rule, source } = items
  const input = inputOf(schema)
  const state = Object.freeze({
    [itemKeys.input]: input,
    [itemKeys.output]: z.json().optional(),
    isAsked: z.boolean().optional(),
    why: z.string().optional(),
  })
  const make = (kind: NodeKind, config: object, subject: unknown = null): unknown =>
    makeNode({ kind, config, subject, state, source, ...(kind === 'approval' && { isAboutCall: true }) })
  const guard = { name: rule.name, reads: ['isAsked', 'why'], version: undefined, state, source: rule.source } as const
  const isAsked = makeGuard({
    ...guard,
    type: 'guard',
    decide: (given: { isAsked?: boolean }) => given.isAsked !== false,
  })
  const n = tableOf(items, make)
  const definition: WorkflowDefinition = {
    name: `${map}:asked`,
    isMade: true,
    config: Object.freeze({
      input: z.object({ [itemKeys.input]: input }),
      output: [itemKeys.output],
      nodes: n,
      start: when === null ? n['ask'] : n['needed'],
      edges: edgesOf(items, n, isAsked),
      policies: [{ never: items.tool, without: 'approval', ...(when !== null && { given: isAsked }) }],
    }),
    state,
    source,
  }
  // The phantom fields of Workflow exist only as types.
  return Object.freeze({ name: `${map}:asked`, [workflowMarker]: Object.freeze(definition) }) as unknown as Workflow
}

type Table = Readonly<Record<string, unknown>>

function tableOf(
  { tool, use, terms, canEdit, when, schema, source }: AskedItems,
  make: (kind: NodeKind, config: object, subject?: unknown) => unknown,
): Table {
  const { input, output } = itemKeys
  const call = {
    ...use,
    reads: [input],
    writes: [output],
    input: ({ state }: NodeInput) => state[input],
    apply: (given: unknown) => ({ [output]: given }),
  }
  const ask = {
    ...terms,
    show: when === null ? [input] : [input, 'why'],
    ...(canEdit && { edits: [input] }),
  }
  const nodes = {
    ...(when !== null && { needed: make('task', neededTask(when, schema)) }),
    ask: make('approval', ask),
    call: make('tool', call, tool),
    refused: make('task', refusedTask),
  }
  // What `w.nodes` gives has the names that it was given.
  return makeNodes(nodes, { source }) as Table
}

function edgesOf({ canEdit, terms, when, rule }: AskedItems, n: Table, isAsked: unknown): object {
  const fromRule = (name: string): unknown => referredFrom(n[name], rule.source)
  return {
    ...(when !== null && {
      needed: { done: [{ when: makeGuard({ type: 'not', of: isAsked }), to: fromRule('call') }, fromRule('ask')] },
    }),
    ask: {
      approved: n['call'],
      ...(canEdit && { edited: n['call'] }),
      rejected: n['refused'],
      ...(terms['expiresIn'] !== undefined && { expired: n['refused'] }),
    },
    call: { done: END },
    refused: { done: END },
  }
}

/** Whatever JSON fits the input of the tool; it stays as it was written, since the tool parses it again. */
function inputOf(schema: z.ZodType): z.ZodType {
  return z.json().superRefine((value, context) => {
    for (const { path, message } of schema.safeParse(value).error?.issues ?? [])
      context.addIssue({ code: 'custom', path, message })
  })
}

/** Says whether a person is asked, and why. What throws, or says anything else than a yes or a no, asks. */
function neededTask(when: (input: unknown) => unknown, schema: z.ZodType): object {
  return {
    effect: 'pure',
    reads: [itemKeys.input],
    writes: ['isAsked', 'why'],
    run: ({ state }: NodeInput): object => {
      const said = saidOf(() => when(schema.parse(state[itemKeys.input])))
      return typeof said === 'string' ? { isAsked: true, why: said } : { isAsked: said !== false }
    },
  }
}

function saidOf(ask: () => unknown): unknown {
  try {
    return ask()
  } catch {
    return true
  }
}

const refusedTask: object = Object.freeze({
  effect: 'pure',
  hears: ['ask'],
  run: ({ heard }: NodeInput): never => {
    const { outcome = 'rejected', reasons = [] } = heard['ask'] ?? {}
    const why = outcome === 'expired' ? 'nobody decided in time' : `a person rejected it${reasonText(reasons)}`
    throw nodeError('WAYSTONE_NODE_NOT_APPROVED', why, { details: { outcome } })
  },
})

function reasonText(reasons: readonly Json[]): string {
  const texts = reasons.map((reason) => (typeof reason === 'string' ? reason : JSON.stringify(reason)))
  return texts.length === 0 ? '' : `: ${texts.join('; ')}`
}
