import { spawn } from 'node:child_process'
import { defineState, END, FAIL, rule, type EffectContext } from '@waystone/core'
import { z } from 'zod'

/** Variable that names the server which the work of a journey asks. */
export const serverVariable = 'WAYSTONE_SCENARIO_SERVER'

/** Asks the server, under the effect's id. */
async function ask(name: string, { effectId, signal }: EffectContext): Promise<void> {
  const headers = { 'idempotency-key': effectId.slice(effectId.indexOf('/') + 1) }
  await (await fetch(`${process.env[serverVariable]}/${name}`, { method: 'POST', headers, signal })).text()
}

const w = defineState({ trip: z.string(), notes: rule.append(z.string()) })

/** Work that asks the server, and whose undoing does. */
// oxlint-disable-next-line typescript/explicit-module-boundary-types -- the type of a node is what inference makes of its state
function booking(name: string) {
  return w.task({
    effect: 'keyed',
    writes: ['notes'],
    retry: { attempts: 1 },
    run: async (_given, context) => {
      await ask(name, context)
      return { notes: [name] }
    },
    compensate: { effect: 'keyed', run: (_given, context) => ask(`undo-${name}`, context) },
  })
}

/** A program of its own that runs until it is told to stop; the server is told its process id. */
async function program(context: EffectContext): Promise<void> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], {
    signal: context.signal,
    stdio: 'ignore',
  })
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve())
    child.once('exit', () => resolve())
  })
  await ask(`program-${child.pid}`, context)
  await ended
  context.signal.throwIfAborted()
}

const d = w.nodes({
  car: booking('car'),
  drive: w.task({ effect: 'keyed', retry: { attempts: 1 }, run: (_given, context) => program(context) }),
})

/** Nested: a booking, then a program that runs and runs. */
const drive = w.workflow('drive', {
  input: z.object({ trip: z.string(), notes: z.array(z.string()) }),
  output: ['notes'],
  nodes: d,
  start: d.car,
  edges: { car: { done: d.drive }, drive: { done: END } },
})

const n = w.nodes({
  flight: booking('flight'),
  hotel: booking('hotel'),
  tickets: booking('hanging-tickets'),
  drive: w.nested(drive, {
    reads: ['trip'],
    writes: ['notes'],
    input: ({ state }) => ({ trip: state.trip, notes: [] }),
  }),
  meet: w.join(),
})

/** Two bookings, then two branches that never end: one holds a connection, the other a nested workflow with a program of its own. */
export const journey = w.workflow('journey', {
  input: z.object({ trip: z.string(), notes: z.array(z.string()) }),
  output: ['notes'],
  nodes: n,
  start: n.flight,
  edges: {
    flight: { done: n.hotel },
    hotel: { done: { fork: [n.tickets, n.drive], join: n.meet } },
    tickets: { done: n.meet },
    drive: { done: n.meet },
    meet: { done: END, failed: FAIL },
  },
})
