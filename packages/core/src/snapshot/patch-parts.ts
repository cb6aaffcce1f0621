import { namesOfPath } from '../base/node-path.ts'
import type { Json, JsonObject, JsonPath } from '../base/json.ts'
import { resolveValue } from './apply-patch.ts'
import type { Checkpoint } from './checkpoint.ts'

/** A change of the run's context, or of that of a workflow nested in it. */
export interface PatchPart {
  readonly verb: 'set' | 'append' | 'unset'
  /** Below the context that it changes: `['state', 'notes']`. */
  readonly path: JsonPath
  /** Undefined for `unset`. */
  readonly value: Json | undefined
  /** Names of the nodes that hold the nested workflow, outermost first. Empty: it is the run's own. */
  readonly within: readonly string[]
  /** Steps that hold the nested workflow, outermost first. */
  readonly steps: readonly number[]
}

type Found = Omit<PatchPart, 'within'>

/** What a checkpoint's patch changes, by the workflow it belongs to. A nested workflow that begins is taken apart like the run at its start. */
export function patchParts(checkpoint: Checkpoint): readonly PatchPart[] {
  const found: Found[] = []
  for (const operation of checkpoint.patch) {
    const [verb, path] = operation
    if (path[0] !== 'context') continue
    const value = verb === 'unset' ? undefined : resolveValue(operation[2], checkpoint.event)
    collect(found, { verb, path: path.slice(1), value, steps: [] })
  }
  const nodes = nodesIn(found)
  // What is not opened here was open before, on the way to what the checkpoint is about.
  const way = namesOfPath(checkpoint.step?.node ?? checkpoint.decision?.node ?? '')
  return found.map((part) => ({
    ...part,
    within: part.steps.map((step, level) => nodes.get(String(step)) ?? way[level] ?? ''),
  }))
}

function collect(found: Found[], { verb, path, value, steps }: Found): void {
  const [part, step, inside] = path
  if (part === undefined) {
    if (!isObject(value)) return
    for (const key of Object.keys(value)) collect(found, { verb, path: [key], value: value[key], steps })
  } else if (part !== 'children') {
    found.push({ verb, path, value, steps })
  } else if (step === undefined) {
    for (const key of isObject(value) ? Object.keys(value) : [])
      collect(found, { verb, path: [part, key], value: (value as JsonObject)[key], steps })
  } else if (inside === undefined) {
    const context = isObject(value) ? value['context'] : undefined
    if (context !== undefined) collect(found, { verb, path: [], value: context, steps: [...steps, Number(step)] })
  } else if (inside === 'context') {
    collect(found, { verb, path: path.slice(3), value, steps: [...steps, Number(step)] })
  }
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Nodes of the steps that a patch opens. */
function nodesIn(found: readonly Found[]): ReadonlyMap<string, string> {
  const nodes = new Map<string, string>()
  const put = (step: string, open: Json | undefined): void => {
    const node = isObject(open) ? open['node'] : undefined
    if (typeof node === 'string') nodes.set(step, node)
  }
  for (const { path, value } of found) {
    if (path[0] !== 'open') continue
    if (path.length === 2) put(String(path[1]), value)
    if (path.length === 1 && isObject(value)) for (const step of Object.keys(value)) put(step, value[step])
  }
  return nodes
}
