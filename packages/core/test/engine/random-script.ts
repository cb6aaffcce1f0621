import type { EffectEnd } from '../../src/snapshot/event.ts'
import type { OpenStep } from '../../src/snapshot/snapshot.ts'
import { offeredOutcomes } from '../../src/compile/request-digest.ts'
import { randomKeys } from '../graphs/random-graph.ts'
import { randomSource, type RandomSource } from '../graphs/random-source.ts'
import { patchFor } from '../graphs/registry-for.ts'
import type { HandRun, HandRunOptions } from './hand-run.ts'

/** What a random script may do beside ending effects and deciding. */
export interface ScriptOptions extends HandRunOptions {
  /** Retryable failures, unknown and lost ends, misfits, timers, hold, release, cancel, stale and late ends. Default true. */
  readonly isRough?: boolean
  /** Most events. Default 60. */
  readonly most?: number
}

/** Input of random graphs, drawn. */
export function randomInput(random: RandomSource): { [key: string]: number } {
  return Object.fromEntries(randomKeys.map((key) => [key, random.below(5)]))
}

/**
 * Drives a run by a random script until it has ended or the script is at its end. Starts it when it has not begun.
 *
 * @param seed - same seed, same script
 */
export function driveRandomly(run: HandRun, seed: number, options: ScriptOptions = {}): HandRun {
  const random = randomSource(seed)
  const { isRough = true, most = 60 } = options
  if (run.checkpoints.length === 0) run.start(randomInput(random))
  for (let count = 0; count < most; count++) {
    const { context } = run
    const late = Object.keys(context.closing)
    if (context.ending !== null && late.length === 0) return run
    if (late.length > 0 && random.chance(context.ending === null ? 0.3 : 1)) {
      run.end(Number(random.pick(late)), 'done', { usage: { inputTokens: 3 } })
      continue
    }
    if (context.held !== null && random.chance(0.4)) run.release()
    else if (isRough && random.chance(0.12)) moveRoughly(run, random)
    else endSomething(run, random, isRough)
  }
  return run
}

function moveRoughly(run: HandRun, random: RandomSource): void {
  const { context } = run
  const draw = random.below(9)
  if (draw === 0) run.cancel()
  else if (draw <= 2) run.hold()
  else if (draw === 3) run.end(context.steps + 3)
  else if (draw === 4) run.end(0, 'done', { attempt: 9 })
  else if (draw === 8) {
    const [fork] = Object.values(context.forks ?? {})
    if (fork !== undefined) run.timer(`deadline/${fork.step}`, random.chance(0.5) ? run.at : (fork.until ?? run.at))
  } else if (draw === 5) run.timer('duration', run.at + 5000)
  else {
    const timed = Object.entries(context.open).find(([, step]) => step.expiresAt !== undefined)
    if (timed !== undefined) run.timer(`expire/${timed[0]}`, draw === 6 ? run.at : (timed[1].expiresAt ?? 0))
  }
}

function endSomething(run: HandRun, random: RandomSource, isRough: boolean): void {
  const isApproved = ({ kind, approved }: OpenStep): boolean => kind === 'approval' && approved !== undefined
  const entries = Object.entries(run.context.open).filter(([, step]) => !isApproved(step))
  if (entries.length === 0) return
  const [index, step] = random.pick(entries)
  if (step.kind === 'approval' || step.kind === 'resolve') {
    const outcome = random.pick(offeredOutcomes(run.compiled, run.context, Number(index)))
    const record = run.compiled.graph.nodes[step.node]
    const isEdited = outcome === 'edited' && record !== undefined
    const changed = step.callId === undefined && record !== undefined ? { patch: patchFor(record, run.state) } : null
    const edits = isEdited ? (changed ?? { arguments: { edited: random.below(9) } }) : {}
    run.decide(Number(index), outcome, edits)
    return
  }
  if (step.kind === 'wait') return endWait(run, random, [index, step])
  if (step.kind === 'prepare') return void run.end(Number(index), 'begun', { output: { key: 'x' } })
  const { outcome, ...more } = endOf({ run, random, isRough }, step)
  run.end(Number(index), outcome, more)
}

/** Its time is over, or an event comes for it, whatever key it has. */
function endWait(run: HandRun, random: RandomSource, [index, step]: readonly [string, OpenStep]): void {
  const { expiresAt, awaits } = step
  if (expiresAt !== undefined && (awaits === undefined || random.chance(0.4)))
    return void run.timer(`expire/${index}`, expiresAt)
  const message = { event: 'e0', key: 'x', payload: null }
  run.feed({ type: 'event.received', from: 'caller', payload: { message } })
}

interface Draw {
  readonly run: HandRun
  readonly random: RandomSource
  readonly isRough: boolean
}

type DrawnEnd = { readonly outcome: string } & Partial<EffectEnd>

function endOf({ run, random, isRough }: Draw, step: OpenStep): DrawnEnd {
  const { graph } = run.compiled
  const record = graph.nodes[step.node]
  if (record === undefined) throw new RangeError(`no node ${step.node}`)
  const usage = random.chance(0.7) ? { usage: { inputTokens: random.below(50), outputTokens: random.below(20) } } : {}
  if (isRough && random.chance(0.15)) return { ...failedEnd(random, step), ...usage }
  const effect = step.kind === 'call' ? graph.tools[step.tool ?? '']?.effect : record.effect
  if (isRough && effect === 'unsafe' && random.chance(0.2)) return { outcome: 'unknown', ...usage }
  if (step.kind === 'call') return { outcome: 'done', result: random.below(9), ...usage }
  const own = record.outcomes.filter((outcome) => !['failed', 'timeout', 'unknown'].includes(outcome))
  const outcome = random.pick(own)
  const patch = record.kind === 'gate' ? {} : { patch: patchFor(record, run.state) }
  if (step.kind !== 'model') return { outcome, ...patch, ...usage }
  const tools = record.kind === 'agent' ? record.tools : []
  const message = { role: 'assistant', content: [], calls: [] } as const
  if (isRough && random.chance(0.1)) return { outcome, message, misfit: ['wrong'], ...usage }
  if (tools.length === 0 || random.chance(0.5)) return { outcome, message, ...patch, ...usage }
  const asked = Array.from({ length: 1 + random.below(3) }, (_, index) => ({
    id: `call-${index}`,
    name: random.chance(0.9) ? random.pick(tools) : 'nonsense',
    arguments: {},
  }))
  const refused = random.chance(0.1)
    ? { refusedCalls: { 'call-0': { rule: 'arguments', message: 'bad arguments' } as const } }
    : {}
  return { outcome: 'done', message: { ...message, calls: asked }, ...refused, ...usage }
}

function failedEnd(random: RandomSource, step: OpenStep): DrawnEnd {
  if (step.kind === 'model' && random.chance(0.3)) return { outcome: 'lost' }
  const error = { name: 'NodeError', code: 'WAYSTONE_NODE_THREW', message: 'no luck', retryable: random.chance(0.7) }
  return { outcome: 'failed', error }
}
