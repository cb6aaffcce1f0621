import {
  agentLimitNames,
  compensationOf,
  modelsOf,
  type AgentRecord,
  type ApprovalRecord,
  type CompensationRecord,
  type Graph,
  type GroupRecord,
  type JoinRecord,
  type MapRecord,
  type NodeRecord,
  type ToolNodeRecord,
  type WaitRecord,
} from '@waystone/core'
import { formatDuration } from '../output/units.ts'
import { amountText } from './limits-text.ts'

/** The second line of a node: its kind, and what it works with. */
export function subtitleOf(node: NodeRecord, graph: Graph): string {
  switch (node.kind) {
    case 'agent':
      return `agent · ${modelsOf(node).join(' → ')}`
    case 'tool':
      return node.tool === node.id ? `tool · ${node.effect}` : `tool · ${node.tool}`
    case 'gate':
      return node.reviewer === null ? 'gate' : `gate · ${modelsOf(node).join(' → ')}`
    case 'approval':
      return node.role === null ? 'approval' : `approval · ${node.role}`
    case 'task':
      return `task · ${node.effect}`
    case 'map':
      return `map · ${node.tool ?? itemsText(node, graph) ?? node.effect}${mapDoneText(node.done)}`
    case 'join':
      return `join · ${waitText(node.atLeast, mostBranches(node, graph))}`
    case 'wait':
      return `wait · ${awaitedText(node)}`
    case 'workflow':
      return node.workflow === node.id ? 'workflow' : `workflow · ${node.workflow}`
  }
}

/** What else is to be known of a node, one text each. */
export function notesOf(node: NodeRecord, graph: Graph): readonly string[] {
  return [
    ...ownNotes(node),
    // Of an agent it stands with its tools.
    node.kind === 'agent' ? '' : undoText(compensationIn(graph, node)),
    node.isRedirectable === true ? 'redirectable' : '',
    node.exclusive === undefined ? '' : `one at a time: ${node.exclusive}`,
    node.sees === undefined ? '' : 'sees the state as at the fork',
  ].filter((note) => note !== '')
}

/** What a group keeps and what of it crosses, one text each. */
export function groupNotes({ keys, exports, verdicts, own = [] }: GroupRecord): readonly string[] {
  const note = (word: string, names: readonly string[]): readonly string[] =>
    names.length === 0 ? [] : [`${word} ${names.join(', ')}`]
  return [...note('keeps', keys), ...note('own', own), ...note('exports', exports), ...note('heard outside:', verdicts)]
}

/** What undoes a step, when its run does not complete; empty: nothing does. */
export function undoText(record: CompensationRecord | undefined): string {
  if (record === undefined) return ''
  return record.kind === 'tool' ? `undone by ${record.tool}` : 'undone by code'
}

/** Of an item that is asked about, the call is a node of the workflow that was made for it. */
function compensationIn(graph: Graph, node: NodeRecord): CompensationRecord | undefined {
  const asked = node.kind === 'map' ? askedCall(node, graph) : undefined
  return asked === undefined ? compensationOf(graph, node) : compensationOf(asked.made, asked.call)
}

function askedCall(
  { asks, workflow = '' }: MapRecord,
  { workflows }: Graph,
): { readonly made: Graph; readonly call: ToolNodeRecord } | undefined {
  const made = asks === undefined ? undefined : workflows?.[workflow]
  const call = Object.values(made?.nodes ?? {}).find((node) => node.kind === 'tool')
  return made === undefined || call === undefined ? undefined : { made, call }
}

function ownNotes(node: NodeRecord): readonly string[] {
  switch (node.kind) {
    case 'agent':
      return agentNotes(node)
    case 'approval':
      return [...decidersNotes(node), expiryText(node.expiresInMs)]
    case 'join':
      return joinNotes(node)
    case 'map':
      return mapNotes(node)
    case 'wait':
      return [expiryText(node.expiresInMs)]
    case 'tool':
    case 'gate':
    case 'task':
    case 'workflow':
      return []
  }
}

function agentNotes({ limits = {} }: AgentRecord): readonly string[] {
  const parts = agentLimitNames.flatMap((name) => {
    const limit = limits[name]
    return limit === undefined ? [] : [amountText(name, limit.max)]
  })
  return parts.length === 0 ? [] : [`a visit at most ${parts.join(' · ')}`]
}

function decidersNotes({ quorum, escalations = [], edits }: ApprovalRecord): readonly string[] {
  return [
    quorum === undefined ? '' : `${quorum.need} of ${quorum.of === null ? 'all persons' : quorum.of.join(', ')}`,
    edits.length === 0 ? '' : `may edit ${edits.join(', ')}`,
    ...escalations.map(({ afterMs, role }) => `after ${formatDuration(afterMs)} ${role}`),
  ]
}

function joinNotes({ failed, losers, deadlineMs }: JoinRecord): readonly string[] {
  return [
    failed === 'raise' ? '' : failed === 'keep' ? 'failed branches count' : 'failed branches are dropped',
    losers === 'finish' ? 'losers may end their call' : '',
    deadlineMs === null ? '' : `deadline ${formatDuration(deadlineMs)}`,
  ]
}

function mapNotes({ maxItems, excess, concurrency, failed, losers, asks }: MapRecord): readonly string[] {
  return [
    asks === undefined ? '' : asks === 'always' ? 'asks about each item' : 'asks about items by arguments',
    `≤ ${maxItems} items${excess === 'cut' ? ', others are cut' : ''}, ${Math.min(concurrency, maxItems)} at a time`,
    failed === 'raise' ? '' : failed === 'keep' ? 'failed items are kept' : 'failed items are dropped',
    losers === 'finish' ? 'losers may end their call' : '',
  ]
}

/** What items run that are no plain calls; a workflow that was made of an agent, or of a tool that is asked about, has the name of its map. */
function itemsText(map: MapRecord, graph: Graph): string | undefined {
  const { id, workflow } = map
  return askedCall(map, graph)?.call.tool ?? (workflow === `${id}:agent` ? 'agent' : workflow)
}

function awaitedText({ events, key, delayMs, until }: WaitRecord): string {
  if (delayMs !== null) return formatDuration(delayMs)
  if (until !== null) return until === 'function' ? 'until a moment' : `until ${until.stateKey}`
  const about = key === null ? '' : key === 'function' ? ' by key' : ` by ${key.stateKey}`
  return `${events.join(' or ')}${about}`
}

function expiryText(expiresInMs: number | null): string {
  return expiresInMs === null ? '' : `expires after ${formatDuration(expiresInMs)}`
}

function mapDoneText(done: MapRecord['done']): string {
  if (done === 'all') return ''
  return ` · ${done === 'first' ? 'first wanted' : waitText(done, undefined)}`
}

function waitText(atLeast: number | null, of: number | undefined): string {
  if (atLeast === null) return 'all'
  if (atLeast === 1) return 'any'
  return of === undefined ? `at least ${atLeast}` : `${atLeast} of ${of}`
}

/** Branches that a join may wait for; undefined: no fork names it. */
function mostBranches({ id }: JoinRecord, { edges }: Graph): number | undefined {
  const forks = edges.flatMap(({ fork }) => (fork?.join === id ? [fork.branches.length] : []))
  return forks.length === 0 ? undefined : Math.max(...forks)
}
