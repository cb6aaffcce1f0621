import {
  buildGraph,
  check,
  createRuntime,
  defineTool,
  readHistory,
  type NamedEvent,
  type Run,
  type Runtime,
  type RunResult,
  type Snapshot,
  type Tool,
  type Workflow,
} from '@waystone/core'
import { setImmediate } from 'node:timers/promises'
import { z } from 'zod'

const runtimes: Runtime[] = []

/** Closes what {@link stage} has opened. */
export async function closeStages(): Promise<void> {
  await Promise.all(runtimes.splice(0).map((runtime) => runtime.close()))
}

type Nothing = Record<string, never>

interface Calls {
  readonly waiting: { readonly name: string; readonly end: () => void; readonly fail: () => void }[]
  readonly journal: string[]
}

/**
 * Work that a test ends by hand: every call of it waits until `end` is told its name. The journal has `+a` for each that began, `-a` for each that
 * ended well and `!a` for each that was told to stop.
 */
export interface Work {
  /** An activity: a tool that does nothing but wait. */
  readonly does: <Name extends string>(name: Name) => Tool<Name, object, object>
  readonly journal: readonly string[]
  readonly calls: Calls
}

/** Work by itself, before the workflow that does it. */
export function work(): Work {
  const calls: Calls = { waiting: [], journal: [] }
  const does = <Name extends string>(name: Name): Tool<Name, object, object> =>
    defineTool({
      name,
      description: `Does ${name}.`,
      effect: 'idempotent',
      retry: { attempts: 1 },
      input: z.looseObject({}),
      output: z.object({}),
      run: async (_input, { signal }) => await begin(calls, name, signal),
    })
  return { does, journal: calls.journal, calls }
}

async function begin({ waiting, journal }: Calls, name: string, signal: AbortSignal): Promise<Nothing> {
  journal.push(`+${name}`)
  return await new Promise<Nothing>((resolve, reject) => {
    const leave = (sign: string): void => {
      journal.push(`${sign}${name}`)
      const place = waiting.findIndex((one) => one === call)
      if (place !== -1) waiting.splice(place, 1)
    }
    const call = {
      name,
      end: () => {
        leave('-')
        resolve({})
      },
      fail: () => {
        leave('?')
        reject(new TypeError('no luck'))
      },
    }
    waiting.push(call)
    signal.addEventListener('abort', () => {
      leave('!')
      reject(new TypeError('told to stop'))
    })
  })
}

/** A run of a pattern, moved by hand. */
export interface Stage {
  /** Ends calls in this order, each after what the one before has led to is stored. */
  end(...names: readonly string[]): Promise<void>
  /** Lets a call fail. */
  fail(name: string): Promise<void>
  /** Sends an event from outside; says what became of it. */
  send(event: NamedEvent<string, null, null>): Promise<string>
  /** Nodes that are under way by the run's last checkpoint, items of maps as often as they are; nested ones by their paths. Sorted. */
  open(): Promise<readonly string[]>
  /** Times each node has been entered. */
  visits(): Promise<{ readonly [node: string]: number }>
  result(): Promise<RunResult>
  /** Somebody decides the one request that is open. */
  decide(outcome: string): Promise<void>
  readonly run: Run
}

/** Begins a workflow that `check` has nothing against. */
export async function stage<Input extends object>(
  { calls }: Work,
  workflow: Workflow<Input>,
  input: Input,
): Promise<Stage> {
  const errors = check(buildGraph(workflow)).findings.filter(({ severity }) => severity === 'error')
  if (errors.length > 0) throw new TypeError(errors.map(({ code, message }) => `${code}: ${message}`).join('\n'))
  const runtime = createRuntime({ workflows: [workflow] })
  runtimes.push(runtime)
  const run = (await runtime.start(workflow, { input })) as unknown as Run
  let sent = 0
  const last = async (): Promise<Snapshot> => {
    const history = await readHistory(runtime.store, run.runId)
    return history.at(history.last).snapshot
  }
  const stored = async (): Promise<number> => (await readHistory(runtime.store, run.runId)).last
  const waiting = async (name: string): Promise<Calls['waiting'][number]> =>
    await until(() => calls.waiting.find((call) => call.name === name), `a call of ${name}`)
  const moved = async (move: () => void): Promise<void> => {
    const before = await stored()
    move()
    await until(async () => ((await stored()) > before ? true : undefined), 'a checkpoint')
  }
  return {
    run,
    end: async (...names) => {
      for (const name of names) {
        const call = await waiting(name)
        await moved(call.end)
      }
    },
    fail: async (name) => {
      const call = await waiting(name)
      await moved(call.fail)
    },
    send: async (event) => {
      const receipt = await run.send(event, null, { id: `${event.name}-${sent}-${calls.journal.length}` })
      if (receipt.type === 'refused') return receipt.type
      sent += 1
      await until(async () => {
        const history = await readHistory(runtime.store, run.runId)
        const isStored = history.checkpoints.filter(({ event: { type } }) => type === 'event.received').length >= sent
        return isStored && !isReceiving(history.at(history.last).snapshot) ? true : undefined
      }, `what ${event.name} leads to`)
      return receipt.type
    },
    decide: async (outcome) => {
      const request = await until(async () => (await run.requests())[0], 'a request')
      await run.decide(request, { outcome, by: 'ada', reason: '' })
    },
    open: async () => openIn(await last(), '').toSorted(),
    visits: async () => (await last()).context.visits,
    result: async () => await run.result(),
  }
}

function isReceiving({ context }: Snapshot): boolean {
  return (
    Object.values(context.open).some(({ kind }) => kind === 'receive') ||
    Object.values(context.children ?? {}).some((child) => isReceiving(child))
  )
}

function openIn({ context }: Snapshot, path: string): readonly string[] {
  return Object.entries(context.open).flatMap(([step, { node, kind }]) => {
    const child = context.children?.[step]
    if (child !== undefined) return openIn(child, `${path}${node}/`)
    return kind === 'map' ? [] : [`${path}${node}`]
  })
}

/** Looks once a turn of the loop until there is something. */
export async function until<Found>(
  look: () => Found | undefined | Promise<Found | undefined>,
  what: string,
): Promise<Found> {
  for (let turn = 0; turn < 20_000; turn++) {
    const found = await look()
    if (found !== undefined) return found
    await setImmediate()
  }
  throw new RangeError(`waited in vain for ${what}`)
}
