import { takeJson, type Json, type JsonObject } from '../base/json.ts'
import { own } from '../base/own.ts'
import { invariantError } from '../errors/invariant-error.ts'
import { nodeError } from '../errors/node-error.ts'
import type { MapRecord } from '../graph/graph.ts'
import type { ItemInput, MapFunctions, NestedItem } from '../graph/registry.ts'
import { stateFor } from '../compile/seen-state.ts'
import { endedItems, type OpenMap } from '../snapshot/open-map.ts'
import type { RunContext } from '../snapshot/snapshot.ts'
import { nodeInputOf, type EffectJob, type Ended } from './effect-job.ts'
import { begunWith, nestedResult } from './execute-nested.ts'
import { runTool } from './execute-tool.ts'
import { refuseLarge } from './output-cap.ts'
import { parsePatch } from './parse-patch.ts'
import { endedWith } from './patch-end.ts'
import { whenDone } from './when-done.ts'

/** Runs one step of a map: makes its list, works on one item, or applies the results. */
export function executeMap(job: EffectJob, record: MapRecord, functions: MapFunctions): Ended | Promise<Ended> {
  const { kind } = job.open
  if (kind === 'map') return makeList(job, record, functions)
  if (kind === 'collect') return applyResults(job, record, functions)
  const { nested } = functions
  if (nested === null) return runItem(job, record, functions)
  return kind === 'input' ? beginItem(job, { record, functions, nested }) : takeItem(job, { record, functions, nested })
}

/**
 * The list, as it stays for all of the map.
 *
 * @throws {NodeError} WAYSTONE_NODE_NO_LIST, WAYSTONE_NODE_TOO_MANY_ITEMS
 */
function makeList({ context }: EffectJob, record: MapRecord, functions: MapFunctions): Ended | Promise<Ended> {
  const { over, maxItems, excess, id } = record
  const given =
    functions.over === null
      ? (own(stateFor(record, context), over ?? '') ?? [])
      : functions.over(nodeInputOf(record, context))
  return whenDone(given, (list: unknown): Ended => {
    if (!Array.isArray(list)) {
      throw nodeError('WAYSTONE_NODE_NO_LIST', `map ${JSON.stringify(id)} is to go over ${typeOf(list)}, not a list`)
    }
    const cut = Math.max(0, list.length - maxItems)
    if (cut > 0 && excess === 'fail') {
      throw nodeError(
        'WAYSTONE_NODE_TOO_MANY_ITEMS',
        `map ${JSON.stringify(id)} has ${list.length} items; its maxItems is ${maxItems}, so none was begun`,
        { details: { node: id, items: list.length, maxItems } },
      )
    }
    const kept: readonly unknown[] = cut === 0 ? list : list.slice(0, maxItems)
    // A copy: what comes with an event shares nothing with the state.
    const items = takeJson(kept, `list of map ${JSON.stringify(id)}`) as readonly Json[]
    return { outcome: 'done', items, ...(cut > 0 && { cut }) }
  })
}

function typeOf(value: unknown): string {
  return value === null ? 'null' : value === undefined ? 'nothing' : `a value of type ${typeof value}`
}

function runItem(job: EffectJob, record: MapRecord, functions: MapFunctions): Ended | Promise<Ended> {
  const { compiled, scope } = job
  const { item, input } = itemGiven(job, record)
  const { tool } = record
  if (tool === null) {
    return whenDone(functions.run?.(item, input, scope), (given) => {
      scope.hasReturned = true
      const what = `output of item ${input.index} of map ${JSON.stringify(record.id)}`
      return itemEnd(functions, item, takeJson(given === undefined ? null : given, what))
    })
  }
  const asked = functions.input === null ? item : functions.input(item, input)
  return whenDone(asked, (value) =>
    runTool({ compiled, tool, input: value, context: scope }, (output) => {
      refuseLarge(compiled.graph, tool, output)
      return itemEnd(functions, item, output)
    }),
  )
}

interface NestedItemSite {
  readonly record: MapRecord
  readonly functions: MapFunctions
  readonly nested: NestedItem
}

/** Makes what the workflow of an item begins with. */
function beginItem(job: EffectJob, { record, functions, nested }: NestedItemSite): Ended | Promise<Ended> {
  const { item, input } = itemGiven(job, record)
  const given = functions.input === null ? item : functions.input(item, input)
  const what = `input of item ${input.index} of map ${JSON.stringify(record.id)}`
  return whenDone(given, (value) => {
    const { made } = nested
    return begunWith(nested, made === null ? value : { [made.input]: value ?? null }, what)
  })
}

/** Takes over what the workflow of an item has come to. */
function takeItem(job: EffectJob, { record, functions, nested }: NestedItemSite): Ended {
  const { item, input } = itemGiven(job, record)
  const result = nestedResult(job, nested, `item ${input.index} of map ${JSON.stringify(record.id)}`)
  if (result.type === 'ended') return result.end
  const output = nested.made === null ? result.output : (own(result.output, nested.made.output) ?? null)
  return itemEnd(functions, item, takeJson(output, `output of item ${input.index} of map ${JSON.stringify(record.id)}`))
}

/** What the functions of a map's items are given. */
function itemGiven(
  { context, open }: EffectJob,
  record: MapRecord,
): { readonly item: Json; readonly input: ItemInput } {
  const item = itemAt(context, record, open.item)
  return { item, input: Object.freeze({ ...nodeInputOf(record, context), index: open.item ?? 0 }) }
}

function itemEnd(functions: MapFunctions, item: Json, output: Json): Ended {
  return { outcome: 'done', output, ...(isWanted(functions, item, output) && { isWanted: true }) }
}

/** Whether an output is what a map is after that takes the first such. */
export function isWanted({ wanted }: MapFunctions, item: Json, output: Json): boolean {
  return wanted !== null && wanted(output, item) === true
}

/** The item that a step works on. */
function itemAt(context: RunContext, { id }: MapRecord, index: number | undefined): Json {
  const item = index === undefined ? undefined : mapOf(context, id).items[index]
  if (item !== undefined) return item
  throw invariantError('WAYSTONE_BUG_REGISTRY', `map ${JSON.stringify(id)} has no item ${String(index)}`)
}

function mapOf(context: RunContext, node: string): OpenMap {
  const map = own(context.maps ?? {}, node)
  if (map !== undefined) return map
  throw invariantError('WAYSTONE_BUG_REGISTRY', `a step of map ${JSON.stringify(node)} is open, but no such map is`)
}

function applyResults(job: EffectJob, record: MapRecord, functions: MapFunctions): Ended | Promise<Ended> {
  const map = mapOf(job.context, record.id)
  const outcome = map.over?.outcome ?? 'done'
  if (functions.apply === null) return { outcome }
  // Results are JSON by construction; their interface only lacks an index signature.
  const ended = endedItems(map).filter(({ error }) => error === undefined || record.failed === 'keep')
  const results = Object.freeze(ended) as unknown as readonly JsonObject[]
  return whenDone(functions.apply(results, nodeInputOf(record, job.context)), (given) =>
    endedWith(outcome, parsePatch(job.compiled, record, given)),
  )
}
