import { systemClock } from '../base/clock.ts'
import { randomIds, type RunId } from '../base/ids.ts'
import { createMemoryStore } from '../checkpoint/memory-store.ts'
import { hasEnded } from '../checkpoint/store-rules.ts'
import { withGroupStores } from '../checkpoint/with-group-stores.ts'
import type { RunRow } from '../checkpoint/store.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import type { NamedEvent } from '../define/event.ts'
import { isWorkflow, type Moves, type Workflow } from '../define/workflow.ts'
import { inputError } from '../errors/input-error.ts'
import { graphsOf } from '../graph/nested-graphs.ts'
import { storeError } from '../errors/store-error.ts'
import { deleteRun } from './delete-run.ts'
import { Engine } from './engine.ts'
import { followAll } from './follow.ts'
import { processLiveness } from './liveness.ts'
import { revokeRule } from './revoke-rule.ts'
import { shownRule } from './rules.ts'
import type { RuntimeNotice } from './notice.ts'
import type { WaystoneConfig } from './config.ts'
import { checkOptions, knownOptions } from './known-options.ts'
import { RunHandle } from './run-handle.ts'
import type {
  GroupBinding,
  MovesFor,
  Receipt,
  Request,
  RequestOf,
  Run,
  Runtime,
  RuntimeOptions,
  SecretResolver,
  SendOptions,
  StartOptions,
} from './runtime.ts'
import { checkLimitNames, readLimits } from './limit-book.ts'
import { createSecretVault, environmentSecrets } from './secrets.ts'
import { startRun } from './start-run.ts'
import { work } from './work-loop.ts'
import { createWorkflowBook } from './workflow-book.ts'

const optionCode = 'WAYSTONE_INPUT_RUNTIME_OPTION'

/** A configuration is taken as it is; its stand-ins are the command's. */
const runtimeOptions = knownOptions<WaystoneConfig>('createRuntime was given', optionCode, {
  workflows: true,
  store: true,
  memory: true,
  models: true,
  offlineModels: true,
  prices: true,
  limits: true,
  secrets: true,
  groups: true,
  clock: true,
  ids: true,
  leaseMs: true,
  maxConcurrentRuns: true,
  checkPurity: true,
  liveness: true,
  onNotice: true,
})
const closeOptions = knownOptions<Parameters<Runtime['close']>[0] & object>('close was given', optionCode, {
  drain: true,
})

function groupOptions(name: string): ReturnType<typeof knownOptions> {
  return knownOptions<GroupBinding>(`option groups.${name} was given`, optionCode, { secrets: true, store: true })
}

/**
 * Binds workflows to a store, models, secrets, a clock and ids: the environment that starts, opens and drives runs in this process.
 *
 * Close it when it is no longer needed; the store stays open, it belongs to whoever made it.
 *
 * @throws {DefinitionError} when a workflow has errors
 * @throws {InputError} WAYSTONE_INPUT_RUNTIME_OPTION when an option is outside its range, or none of the options
 * @example
 * const runtime = createRuntime({ workflows: [refunds], store, models: { fast } })
 * const run = await runtime.start(refunds, { input: { order: 'o-1' } })
 * console.log(await run.result())
 */
export function createRuntime(options: RuntimeOptions = {}): Runtime {
  checkOptions(runtimeOptions, options)
  for (const [name, group] of Object.entries(options.groups ?? {})) checkOptions(groupOptions(name), group)
  const engine = new Engine(partsOf(options))
  const { book, limits } = engine.parts
  const added = (options.workflows ?? []).map((workflow) => book.add(workflow))
  if (limits !== null) {
    const tools =
      added.length === 0
        ? null
        : [...new Set(added.flatMap(({ graph }) => graphsOf(graph).flatMap(({ tools: own }) => Object.keys(own))))]
    checkLimitNames(limits, { models: Object.keys(options.models ?? {}), tools })
  }
  return new LocalRuntime(engine)
}

class LocalRuntime implements Runtime {
  readonly store: Runtime['store']
  readonly clock: Runtime['clock']
  readonly ids: Runtime['ids']
  readonly owner: Runtime['owner']
  readonly #engine: Engine
  #closing: Promise<void> | undefined
  #isWorking = false

  constructor(engine: Engine) {
    this.#engine = engine
    this.store = engine.store
    const { clock, ids, owner } = engine.parts
    this.clock = clock
    this.ids = ids
    this.owner = owner
  }

  async start<Input extends object, Output extends object, Approvals extends object, Known extends object>(
    workflow: Workflow<Input, Output, Approvals, Known>,
    options: StartOptions<Input>,
  ): Promise<Run<Output, RequestOf<Approvals>, MovesFor<Known>>> {
    this.#engine.checkOpen()
    const { runId, isNew } = await startRun(this.#engine, this.#engine.parts.book.add(workflow), options)
    const run = new RunHandle(this.#engine, runId)
    if (!isNew) await this.#takeUpAgain(runId)
    return typed(run)
  }

  async open<Input extends object, Output extends object, Approvals extends object, Known extends object>(
    ...given: readonly [Workflow<Input, Output, Approvals, Known>, string] | readonly [string]
  ): Promise<Run<Output, RequestOf<Approvals>, MovesFor<Known>>> {
    this.#engine.checkOpen()
    const [first, second] = given
    const runId = typeof first === 'string' ? first : (second ?? '')
    const row = await this.store.row(runId as RunId)
    if (row === undefined)
      throw storeError('WAYSTONE_STORE_RUN_UNKNOWN', `no run ${runId} is in store ${this.store.name}`, { runId })
    if (isWorkflow(first)) this.#checkWorkflow(first, row)
    return typed(new RunHandle(this.#engine, row.runId))
  }

  async send(
    to: string | { readonly workflow: string | { readonly name: string }; readonly key: string },
    event: NamedEvent | string,
    ...[payload, options]: readonly [payload: unknown, options?: SendOptions]
  ): Promise<Receipt> {
    this.#engine.checkOpen()
    const row = typeof to === 'string' ? await this.store.row(to as RunId) : await this.#rowOfKey(to)
    if (row === undefined) {
      const which =
        typeof to === 'string'
          ? `run ${to}`
          : `run of workflow ${JSON.stringify(nameOf(to))} with key ${JSON.stringify(to.key)}`
      throw storeError('WAYSTONE_STORE_RUN_UNKNOWN', `no ${which} is in store ${this.store.name}`)
    }
    return await new RunHandle(this.#engine, row.runId).send(event, payload, options)
  }

  async #rowOfKey(to: {
    readonly workflow: string | { readonly name: string }
    readonly key: string
  }): Promise<RunRow | undefined> {
    const { rows } = await this.store.list({ workflow: nameOf(to), key: to.key, limit: 1 })
    return rows[0]
  }

  list(filter: Parameters<Runtime['list']>[0] = {}): ReturnType<Runtime['list']> {
    return this.store.list(filter)
  }

  row(runId: string): ReturnType<Runtime['row']> {
    return this.store.row(runId as RunId)
  }

  delete(runId: string, options: Parameters<Runtime['delete']>[1] = {}): ReturnType<Runtime['delete']> {
    return deleteRun(this.#engine, runId as RunId, options.isForced === true)
  }

  async rules(workflow?: string): ReturnType<Runtime['rules']> {
    const stored = await this.store.rules(workflow)
    return stored.map(({ workflow: name, rule, revoked }) => shownRule(name, rule, revoked))
  }

  revokeRule(id: string, move: { readonly by: string; readonly reason: string }): ReturnType<Runtime['revokeRule']> {
    return revokeRule(this.#engine, id, move)
  }

  events(options: Parameters<Runtime['events']>[0] = {}): ReturnType<Runtime['events']> {
    return followAll(this.#engine, options)
  }

  work(): void {
    this.#engine.checkOpen()
    if (this.#isWorking) return
    this.#isWorking = true
    void work(this.#engine)
  }

  compiled(workflow: string, graphHash?: string): CompiledWorkflow | undefined {
    return this.#engine.parts.book.find(workflow, graphHash)
  }

  async close(options: Parameters<Runtime['close']>[0] = {}): Promise<void> {
    checkOptions(closeOptions, options)
    this.#closing ??= this.#engine.close(options.drain === true)
    await this.#closing
  }

  /** A run that was there already may have been left behind by a process that died, perhaps with an older definition. */
  async #takeUpAgain(runId: RunId): Promise<void> {
    const row = await this.store.row(runId)
    if (
      row === undefined ||
      hasEnded(row.status) ||
      this.#engine.parts.book.find(row.workflow, row.graphHash) === undefined
    )
      return
    await this.#engine.takeUp(runId, { isPatient: false, needsBindings: true })
  }

  #checkWorkflow(workflow: Workflow, row: RunRow): void {
    const { graph } = this.#engine.parts.book.add(workflow)
    if (graph.name === row.workflow) return
    throw inputError(
      'WAYSTONE_INPUT_WRONG_WORKFLOW',
      `run ${row.runId} belongs to workflow ${JSON.stringify(row.workflow)}, not to ${JSON.stringify(graph.name)}`,
      {
        runId: row.runId,
        workflow: row.workflow,
      },
    )
  }
}

function nameOf({ workflow }: { readonly workflow: string | { readonly name: string } }): string {
  return typeof workflow === 'string' ? workflow : workflow.name
}

/** The types of output and approvals are the workflow's promise; values are checked by its schemas as they are written and decided. */
function typed<Output, Asked extends Request, Known extends Moves<unknown, string, string>>(
  run: Run,
): Run<Output, Asked, Known> {
  return run as unknown as Run<Output, Asked, Known>
}

function partsOf(options: RuntimeOptions): ConstructorParameters<typeof Engine>[0] {
  const { clock = systemClock, ids = randomIds, liveness = processLiveness, groups = {} } = options
  return {
    store: withGroupStores(options.store ?? createMemoryStore(), groups),
    clock,
    ids,
    liveness,
    ports: {
      models: new Map(Object.entries(options.models ?? {})),
      prices: new Map(Object.entries(options.prices ?? {})),
      vault: createSecretVault(options.secrets ?? environmentSecrets, resolversOf(groups)),
      groups,
      memory: options.memory ?? null,
    },
    book: createWorkflowBook(),
    owner: Object.freeze({ id: ids.event(), ...liveness.self() }),
    leaseMs: within('leaseMs', options.leaseMs ?? 5_000, { least: 500, most: 5_000 }),
    maxConcurrentRuns: within('maxConcurrentRuns', options.maxConcurrentRuns ?? 1_000, { least: 1, most: 1_000_000 }),
    limits: readLimits(options.limits),
    checkPurity: options.checkPurity ?? process.env['NODE_ENV'] !== 'production',
    notify: safely(options.onNotice),
  }
}

function resolversOf(groups: NonNullable<RuntimeOptions['groups']>): ReadonlyMap<string, SecretResolver> {
  return new Map(
    Object.entries(groups).flatMap(([name, { secrets }]) => (secrets === undefined ? [] : [[name, secrets] as const])),
  )
}

/** A listener that throws must not stop a run. */
function safely(listener: RuntimeOptions['onNotice']): (notice: RuntimeNotice) => void {
  return (notice) => {
    try {
      listener?.(notice)
    } catch {
      // It is the listener's own fault and nothing depends on it.
    }
  }
}

function within(name: string, value: number, range: { readonly least: number; readonly most: number }): number {
  if (Number.isInteger(value) && value >= range.least && value <= range.most) return value
  throw inputError(
    optionCode,
    `option ${name} is ${value}; allowed are whole numbers from ${range.least} to ${range.most}`,
  )
}
