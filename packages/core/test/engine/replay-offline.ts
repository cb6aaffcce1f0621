import dns from 'node:dns'
import http from 'node:http'
import https from 'node:https'
import net from 'node:net'
import tls from 'node:tls'

/** Replays 100 stored runs in a process in which every attempt to connect anywhere is counted and refused. */
let connections = 0
const refuse = (): never => {
  connections += 1
  throw new RangeError('this process may not connect')
}
for (const [module, names] of [
  [net, ['connect', 'createConnection', 'createServer']],
  [tls, ['connect', 'createServer']],
  [http, ['request', 'get', 'createServer']],
  [https, ['request', 'get']],
  [dns, ['lookup', 'resolve']],
  [net.Socket.prototype, ['connect']],
  [globalThis, ['fetch', 'WebSocket']],
] as const) {
  for (const name of names) Object.defineProperty(module, name, { value: refuse })
}

const { compileFixture, HandRun } = await import('./hand-run.ts')
const { driveRandomly } = await import('./random-script.ts')
const { storeOf } = await import('./stored-run.ts')
const { randomGraph } = await import('../graphs/random-graph.ts')
const { replayRun } = await import('../../src/replay/replay-run.ts')

let equal = 0
for (let seed = 0; seed < 100; seed++) {
  const graph = randomGraph(seed, { limits: true })
  const run = driveRandomly(new HandRun(compileFixture(graph)), seed + 9000)
  const replay = await replayRun(await storeOf(run), compileFixture(graph), run.runId)
  if (replay.divergence === null && replay.checkpoints === run.checkpoints.length) equal += 1
}
process.stdout.write(`${equal} runs, ${connections} connections\n`)
