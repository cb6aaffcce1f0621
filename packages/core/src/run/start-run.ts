import { canonicalJson, takeJson, type Json, type JsonObject } from '../base/json.ts'
import type { RunId } from '../base/ids.ts'
import { createKeeping } from '../checkpoint/keep-private.ts'
import { firstPackingWith, packCheckpoint } from '../checkpoint/pack.ts'
import { groupStoresOf } from '../checkpoint/with-group-stores.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import { inputError } from '../errors/input-error.ts'
import { invariantError } from '../errors/invariant-error.ts'
import type { EngineEvent } from '../snapshot/event.ts'
import { callCostsOf } from './call-costs.ts'
import type { Engine } from './engine.ts'
import { checkBindings, parseInput, requireMemoryTags } from './preflight.ts'
import { checkOptions, knownOptions } from './known-options.ts'
import { summaryOf } from './run-summary.ts'
import { checkSameStart } from './same-start.ts'
import type { StartOptions } from './runtime.ts'

const startOptions = knownOptions<StartOptions<object>>('a start was given', 'WAYSTONE_INPUT_START', {
  input: true,
  key: true,
  tags: true,
})

/** What a start came to. */
export interface Started {
  readonly runId: RunId
  /** False: a run with that key was there already. */
  readonly isNew: boolean
}

/**
 * Starts a run: checks everything that can be known before anything runs, stores the first checkpoint, then drives.
 *
 * @throws {InputError} WAYSTONE_INPUT_START, WAYSTONE_INPUT_KEY_TAKEN, WAYSTONE_INPUT_MODELS_MISSING, WAYSTONE_INPUT_PRICES_MISSING, WAYSTONE_INPUT_SECRETS_MISSING, WAYSTONE_INPUT_COST_LIMIT
 */
export async function startRun(
  engine: Engine,
  compiled: CompiledWorkflow,
  options: StartOptions<object>,
): Promise<Started> {
  checkOptions(startOptions, options)
  const { clock, ids, owner, leaseMs } = engine.parts
  await checkBindings(compiled, engine.ports)
  const { costs: callCosts, neverMade } = callCostsOf(compiled, engine.ports)
  const payload = {
    input: parseInput(compiled, options.input),
    tags: parseTags(options.tags),
    ...(callCosts !== undefined && { callCosts }),
  }
  requireMemoryTags(compiled, payload.tags)
  const at = clock.now()
  const runId = ids.run(at)
  const event: EngineEvent = Object.freeze({
    id: 'start',
    at,
    type: 'run.started',
    from: 'caller',
    payload: Object.freeze(payload),
  })
  const sealer = await groupStoresOf(engine.store).sealerFor(runId, compiled.graph)
  const planned = engine.plan(compiled, { runId, sequence: 0, parent: null }, null, event)
  if (planned.type !== 'applied')
    throw invariantError('WAYSTONE_BUG_STUCK', `the start of run ${runId} was ${planned.type}`, { runId })
  const { snapshot } = planned
  const packed = packCheckpoint(planned.checkpoint, snapshot, firstPackingWith(sealer))
  const created = await engine.alone(runId, async () => {
    const answer = await createKeeping(engine.store, packed, {
      runId,
      ...definitionOf(compiled),
      key: options.key ?? null,
      tags: payload.tags,
      forkedFrom: null,
      owner,
      leaseMs,
      checkpoint: packed.checkpoint,
      blobs: packed.blobs,
      summary: summaryOf(compiled, snapshot.context),
      at,
    })
    if (answer.type === 'exists') return answer
    const parent = { runId, sequence: 0, hash: packed.checkpoint.hash }
    const standing = { snapshot, parent, packing: packed.packing }
    engine.drive({ compiled, lease: answer.lease, standing, missed: [] })
    return answer
  })
  if (created.type === 'exists') {
    const { input } = payload
    await checkSameStart(engine, compiled, { runId: created.runId, key: options.key ?? '', input })
    return { runId: created.runId, isNew: false }
  }
  for (const one of neverMade) engine.notify({ type: 'call.never-made', runId, limit: 'costUsd', ...one })
  return { runId, isNew: true }
}

interface DefinitionFacts {
  readonly workflow: string
  readonly workflowVersion: number
  readonly graphHash: string
  readonly behaviourHash: string
  readonly graph: string
}

const definitions = new WeakMap<CompiledWorkflow, DefinitionFacts>()

/** Written once for each workflow: its graph may be large. */
function definitionOf(compiled: CompiledWorkflow): DefinitionFacts {
  const known = definitions.get(compiled)
  if (known !== undefined) return known
  const { graph, hashes } = compiled
  const facts = {
    workflow: graph.name,
    workflowVersion: graph.version,
    graphHash: hashes.graph,
    behaviourHash: hashes.behaviour,
    // A graph is JSON by construction; its interfaces only lack an index signature.
    graph: canonicalJson(graph as unknown as Json),
  }
  definitions.set(compiled, facts)
  return facts
}

const noTags: { readonly [name: string]: string } = Object.freeze({})

function parseTags(tags: StartOptions['tags']): { readonly [name: string]: string } {
  if (tags === undefined) return noTags
  const json = takeJson({ ...tags }, 'tags of a run') as JsonObject
  for (const [name, value] of Object.entries(json)) {
    if (typeof value !== 'string')
      throw inputError('WAYSTONE_INPUT_START', `tag ${JSON.stringify(name)} of the run is no text`, { tag: name })
  }
  return json as { readonly [name: string]: string }
}
