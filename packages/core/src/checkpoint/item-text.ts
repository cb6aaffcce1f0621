import type { Json } from '../base/json.ts'
import type { Checkpoint } from '../snapshot/checkpoint.ts'
import type { Decision } from '../snapshot/decision.ts'
import type { EffectEnd } from '../snapshot/event.ts'
import type { Patch, PatchOperation } from '../snapshot/patch.ts'
import type { OpenStep } from '../snapshot/snapshot.ts'
import { edgePrefix, shortEdge, usualEventId } from './compact-checkpoint.ts'

/**
 * The text of a checkpoint that ends an item of a map which goes on, written at once: they come by the thousand, and objects that are made
 * only to be written take twice as long.
 *
 * @returns what writing `compactCheckpoint` gives, to the byte; undefined when anything is unusual, and that is to be done
 */
export function itemText(checkpoint: Checkpoint, graphBefore: string | null): string | undefined {
  const { sequence, parent, event, decision, patch, step, left } = checkpoint
  if (step?.item === undefined || parent === null || decision === null || event.type !== 'effect.ended')
    return undefined
  const { payload, at } = event
  if (!isInOrder(checkpoint, parent, graphBefore) || !isUsual(checkpoint, decision, payload)) return undefined
  const opened = openedOnly(patch)
  const set = opened === 'several' ? undefined : setText(patch, { step: payload.step, at, opened })
  if (set === undefined || !isAskedFor(checkpoint, opened === 'several' ? undefined : opened)) return undefined
  const output = payload.output === undefined ? '' : `,"output":${textOf(payload.output)}`
  const took = payload.startedAt === at ? '' : `,"took":${at - payload.startedAt}`
  const queued = step.queuedAt === at ? '' : `,"queued":${at - step.queuedAt}`
  const rest = Object.keys(left).length === 0 ? '' : `,"left":${JSON.stringify(left)}`
  return `{"format":1,"seq":${sequence},"prev":"${parent.hash}","at":${at},"in":{"step":${payload.step}${took}${output}},"why":${whyText(decision)},"set":[${set}],"step":{"kind":"item"${queued},"item":${step.item}}${rest}}`
}

function isInOrder(
  { runId, sequence, graphHash, event }: Checkpoint,
  parent: NonNullable<Checkpoint['parent']>,
  graphBefore: string | null,
): boolean {
  if (sequence === 0 || parent.runId !== runId || parent.sequence !== sequence - 1) return false
  return graphHash === graphBefore && event.id === usualEventId(event, runId)
}

/** Names of fields are not looked at: there are as many as there would be, and each is where it is asked for. */
function isUsual(checkpoint: Checkpoint, decision: Decision, payload: EffectEnd): boolean {
  const { step, event, items, usage, status } = checkpoint
  if (step === null || items !== undefined || usage !== null || status !== 'running') return false
  if (payload.attempt !== 1 || payload.outcome !== 'done') return false
  if (sizeOf(payload) !== (payload.output === undefined ? 4 : 5)) return false
  if (step.kind !== 'item' || step.attempt !== 1 || step.index !== payload.step || sizeOf(step) !== 9) return false
  if (step.startedAt !== payload.startedAt || step.endedAt !== event.at) return false
  if (!Number.isSafeInteger(event.at) || !Number.isSafeInteger(step.startedAt)) return false
  if (!Number.isSafeInteger(step.queuedAt) || step.node !== decision.node || step.visit !== decision.visit) return false
  return isPlainDecision(decision)
}

function isPlainDecision(decision: Decision): boolean {
  const { candidates, taken, to, outcome } = decision
  const [candidate] = candidates
  if (candidate === undefined || candidates.length !== 1 || to !== null || outcome !== 'done') return false
  if (candidate.verdict !== 'taken' || candidate.edge !== taken || sizeOf(candidate) !== 2) return false
  return sizeOf(decision) === 6
}

function sizeOf(record: object): number {
  return Object.keys(record).length
}

/** Items of one map follow one another. */
let lastWhy:
  | { readonly node: string; readonly visit: number; readonly taken: string; readonly text: string }
  | undefined

function whyText({ node, visit, outcome, taken }: Decision): string {
  if (lastWhy?.node === node && lastWhy.visit === visit && lastWhy.taken === taken) return lastWhy.text
  const edge = shortEdge(taken, edgePrefix(node, outcome))
  const text = JSON.stringify({ node, ...(visit !== 1 && { visit }), try: [edge] })
  lastWhy = { node, visit, taken, text }
  return text
}

interface Opened {
  readonly index: number
  readonly step: OpenStep
}

/** The step that a patch opens. */
function openedOnly(patch: Patch): Opened | undefined | 'several' {
  let found: Opened | undefined
  for (const operation of patch) {
    const [verb, path] = operation
    if (verb !== 'set' || path[1] !== 'open') continue
    const [, , index] = path
    const value = operation[2]
    if (found !== undefined || path.length !== 3 || !('v' in value)) return 'several'
    // What a patch puts there is a step.
    found = { index: Number(index), step: value.v as unknown as OpenStep }
  }
  return found
}

/** The commands are just the effect of the step that is opened. */
function isAskedFor({ commands }: Checkpoint, opened: Opened | undefined): boolean {
  if (opened === undefined) return commands.length === 0
  const [command] = commands
  if (command?.type !== 'effect' || commands.length !== 1 || sizeOf(command) !== 5) return false
  const { node, kind, attempt } = opened.step
  return command.step === opened.index && command.node === node && command.kind === kind && command.attempt === attempt
}

interface Ended {
  readonly step: number
  readonly at: number
  readonly opened: Opened | undefined
}

function setText(patch: Patch, ended: Ended): string | undefined {
  let text = ''
  for (const operation of patch) {
    const one = operationText(operation, ended)
    if (one === undefined) return undefined
    text = text === '' ? one : `${text},${one}`
  }
  return text
}

function operationText(operation: PatchOperation, { step, at, opened }: Ended): string | undefined {
  const [verb, path] = operation
  const [root, part, key] = path
  if (root !== 'context') return undefined
  if (verb === 'unset') return part === 'open' && path.length === 3 && key === String(step) ? '["x"]' : undefined
  const value = operation[2]
  if (verb !== 'set' || 'l' in value) return undefined
  if (part === 'maps' && path.length > 3) return inMapText(path, value)
  if (!('v' in value)) return undefined
  if (part === 'steps' && path.length === 2)
    return opened !== undefined && value.v === opened.index + 1 ? '["n"]' : undefined
  return part === 'open' && opened !== undefined && String(opened.index) === key ? openText(opened, at) : undefined
}

function inMapText(path: readonly (string | number)[], value: { readonly v: Json } | { readonly e: Json }): string {
  let text = 'v' in value ? '["s"' : '["e"'
  for (let index = 1; index < path.length; index++) {
    const key = path[index] ?? ''
    text += `,${typeof key === 'number' ? key : nameText(key)}`
  }
  return `${text},${'v' in value ? textOf(value.v) : JSON.stringify(value.e)}]`
}

function openText({ index, step }: Opened, at: number): string | undefined {
  const { node, visit, kind, attempt, since, item } = step
  if (item === undefined || kind !== 'item' || attempt !== 1 || sizeOf(step) !== 6) return undefined
  const began = since === at ? '' : `,"since":${since}`
  return `["o",${index},${nameText(node)},{"visit":${visit},"kind":"item"${began},"item":${item}}]`
}

function textOf(value: Json): string {
  return typeof value === 'number' && Number.isSafeInteger(value) ? String(value) : JSON.stringify(value)
}

/** Names of nodes and of fields, which come again and again, as JSON. */
const names = new Map<string, string>()
const mostNames = 1_000

function nameText(name: string): string {
  const known = names.get(name)
  if (known !== undefined) return known
  if (names.size >= mostNames) names.clear()
  const text = JSON.stringify(name)
  names.set(name, text)
  return text
}
