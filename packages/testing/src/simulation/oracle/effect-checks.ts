import type { Coverage } from '../coverage.ts'
import type { ModelRequest } from '@waystone/core'
import type { SimulatedProcess } from '../process.ts'
import type { WorldCall } from '../surroundings.ts'
import { isDelicate } from '../workflows/questions.ts'
import { handoffsOf } from './handoffs.ts'
import { stepOfEffect } from './items.ts'
import { factsOf, namesAround, partOfStep, partsOf } from './parts.ts'
import { attemptKey, textOf, type RunFacts } from './run-facts.ts'
import type { Report } from './run-facts.ts'
import { toolsOf } from './tool-checks.ts'
import { isModelCall } from '../model.ts'

/** An effect that begins in the fake world. */
export interface Beginning {
  readonly process: SimulatedProcess
  readonly call: WorldCall
  /** Of the workflow that it is of: the run's, or those of one nested in it. Undefined: nothing is known of the run. */
  readonly own: RunFacts | undefined
  /** Its node, as that workflow names it. */
  readonly node: string
  readonly step: string
  /** `step/attempt`. */
  readonly key: string
  /** The process is not the run's owner any more, and may not know it. */
  readonly isStale: boolean
}

/** Describes the beginning of an effect by what is known of its run. */
export function beginningOf(facts: RunFacts | undefined, process: SimulatedProcess, call: WorldCall): Beginning {
  const step = stepOfEffect(facts, call.effectId.slice(call.runId.length + 1))
  const isStale = facts?.fences.get(process) !== facts?.fence
  const part = facts === undefined ? undefined : partOfStep(partsOf(facts.context), step)
  const own = facts === undefined || part === undefined ? facts : factsOf(facts, part)
  const node = part === undefined ? call.node : call.node.split('/').slice(namesAround(part).length).join('/')
  return { process, call, own, node, step, key: attemptKey(step, call.attempt), isStale }
}

/** Holds the beginning of an effect against everything that was stored and seen before, then takes it in. */
export function checkBeginning(
  facts: RunFacts | undefined,
  beginning: Beginning,
  { report, coverage }: { readonly report: Report; readonly coverage: Coverage },
): void {
  const { call, key, process, isStale } = beginning
  const what = `${call.effect} ${call.node} ${key}`
  if (facts === undefined || !facts.asked.has(key)) {
    return report('commit-then-perform', `${what} began and no stored checkpoint asks for it`)
  }
  if (facts.stopped.has(process)) {
    report('commit-then-perform', `${process.name} began ${what} after its commit had failed`)
  }
  const end = facts.ends.get(key)
  if (end !== undefined && !isStale) report('effect-ids-are-stable', `${what} began again after it had ended ${end}`)
  const mine = facts.startedBy.get(process) ?? new Set()
  if (mine.has(key)) report('effect-ids-are-stable', `${process.name} began ${what} twice`)
  facts.startedBy.set(process, mine.add(key))
  const knowsHold = facts.context.held !== null && (facts.told.get(process) ?? 0) >= facts.heldAt
  if (knowsHold && !isStale && !facts.marks.has(key)) {
    report('held-runs-begin-nothing', `${what} began although the run is held`)
  }
  const own = beginning.own ?? facts
  checkAsked(own, beginning, report)
  checkItemAsked(own, beginning, { report, coverage })
  if (call.effect === 'unsafe') checkUnsafe(facts, beginning, report)
  if (isModelCall(call.name)) checkModel(facts, beginning, report)
  checkSame(facts, beginning, report)
  checkUndone(facts, call, report)
  toolsOf(own).begin(own, beginning, report)
  if (isModelCall(call.name)) handoffsOf(own).begin(own, beginning, { report, coverage })
  facts.starts.set(key, (facts.starts.get(key) ?? 0) + 1)
}

function checkUnsafe(facts: RunFacts, { call, key, step, isStale }: Beginning, report: Report): void {
  const what = `unsafe ${call.node} ${key}`
  if (!facts.marks.has(key)) report('unknown-is-not-repeated', `${what} began without a mark`)
  if (facts.starts.has(key)) report('unknown-is-not-repeated', `${what} began a second time`)
  if (call.attempt === 1 || isStale) return
  const before = facts.ends.get(attemptKey(step, call.attempt - 1))
  const isDenied = facts.checkpoints.some(
    ({ event: { type, payload } }) =>
      type === 'request.decided' && payload.step === Number(step) && payload.outcome === 'did-not-happen',
  )
  if (before === 'failed' || isDenied) return
  report('unknown-is-not-repeated', `${what} began after the attempt before had ended ${before ?? 'nowhere'}`)
}

/** Every call of a model is charged, also one whose process died: it is marked, and made again only as another attempt. */
function checkModel(facts: RunFacts, { call, key }: Beginning, report: Report): void {
  if (!facts.marks.has(key)) report('usage-adds-up', `model call ${call.node} ${key} began without a mark`)
  if (facts.starts.has(key)) report('usage-adds-up', `model call ${call.node} ${key} was made twice and charged once`)
  checkConversation(call, report)
}

/** However a conversation was cut: in a request every call is followed by its result, and no result stands alone. */
function checkConversation({ node, effectId, input }: WorldCall, report: Report): void {
  const { messages } = input as unknown as ModelRequest
  let open: string[] = []
  for (const message of messages) {
    if (message.role === 'tool') {
      if (!open.includes(message.callId))
        report('calls-keep-results', `${effectId} of ${node} has a result of ${message.callId} that nothing asked for`)
      open = open.filter((id) => id !== message.callId)
      continue
    }
    if (open.length > 0) report('calls-keep-results', `${effectId} of ${node} has no result of ${open.join(', ')}`)
    open = message.role === 'assistant' ? message.calls.map(({ id }) => id) : []
  }
  if (open.length > 0)
    report('calls-keep-results', `${effectId} of ${node} ends without a result of ${open.join(', ')}`)
  if (messages[0]?.role !== 'user') report('calls-keep-results', `${effectId} of ${node} does not begin with a user`)
}

/** Node and input of a step never change; what is asked is the same at every attempt, unless an operator has changed it. */
function checkSame(facts: RunFacts, { call, step }: Beginning, report: Report): void {
  if (facts.patched.has(step)) return
  const asked = textOf([call.node, isModelCall(call.name) ? 'model' : call.name, call.input])
  const known = facts.inputs.get(step)
  if (known === undefined) facts.inputs.set(step, asked)
  else if (known !== asked) report('effect-ids-are-stable', `step ${step} was ${known} and then ${asked}`)
}

/** What undoes an effect is given what that was begun with, whatever was written since: by one of its attempts, where an operator changed it between them. */
function checkUndone(facts: RunFacts, { effectId, input }: WorldCall, report: Report): void {
  const undone = effectId.endsWith('/undo') ? effectId.slice(0, -'/undo'.length) : null
  if (undone === null) {
    facts.begunWith.set(effectId, (facts.begunWith.get(effectId) ?? new Set()).add(textOf(input)))
    return
  }
  const { outcome: _, of, ...given } = Object(input) as { readonly [key: string]: unknown }
  const known = facts.begunWith.get(undone)
  if (of !== undone) report('undone-as-begun', `${effectId} was told that it undoes ${textOf(of)}`)
  if (known !== undefined && !known.has(textOf(given)))
    report('undone-as-begun', `${effectId} was given ${textOf(given)}; begun was ${[...known].join(' and ')}`)
}

/** Of a call that a person must be asked about, a stored yes stands before its beginning, and it runs with what the yes was about. */
function checkAsked(facts: RunFacts, { call, node: name, step, key }: Beginning, report: Report): void {
  const node = facts.spec.graph.nodes[name]
  if (node?.kind !== 'agent' || isModelCall(call.name)) return
  const own = node.toolRules?.[call.name]?.approval
  const rule = own === undefined ? facts.spec.graph.tools[call.name]?.approval : own
  const answers = facts.checkpoints.flatMap(({ event: { type, payload } }) =>
    type === 'request.decided' && payload.step === Number(step) ? [payload] : [],
  )
  const yes = answers.find(({ outcome }) => outcome === 'approved' || outcome === 'edited')
  const mustAsk = rule?.when === 'always' || (rule?.when === 'arguments' && isDelicate(ticketOf(call.input)))
  const what = `${call.name} ${call.node} ${key}`
  if (mustAsk && yes === undefined) report('asked-before-run', `${what} began and nobody has approved it`)
  if (answers.some(({ outcome }) => outcome === 'rejected' || (outcome === 'asked' && yes === undefined)))
    report('asked-before-run', `${what} began although it was answered ${answers.map(({ outcome }) => outcome).join()}`)
  if (yes?.outcome === 'edited' && textOf(yes.arguments) !== textOf(call.input))
    report('asked-before-run', `${what} began with ${textOf(call.input)}; approved was ${textOf(yes.arguments)}`)
}

/** Of a call that is an item of a map and that a person must be asked about, they have said yes to this very item and to what it is begun with. */
function checkItemAsked(
  facts: RunFacts,
  { call, node }: Beginning,
  { report, coverage }: { readonly report: Report; readonly coverage: Coverage },
): void {
  const { around, holder, spec } = facts
  const held = around?.context.open[holder ?? ''] ?? around?.context.closing[holder ?? '']
  const map = around?.spec.graph.nodes[held?.node ?? '']
  if (map?.kind !== 'map' || map.asks === undefined || spec.graph.nodes[node]?.kind !== 'tool') return
  const answer = facts.checkpoints.findLast(
    ({ event, decision, items }) =>
      event.type === 'request.decided' &&
      decision !== null &&
      decision.to !== null &&
      decision.node.endsWith(`${map.id}/ask`) &&
      items?.at(-1) === held?.item,
  )?.event
  const yes = answer?.type === 'request.decided' ? answer.payload : undefined
  const what = `${call.name} for item ${held?.item ?? '?'} of ${map.id}`
  const mustAsk = map.asks === 'always' || isDelicate(ticketOf(call.input))
  coverage.count(`item call ${yes?.outcome ?? 'not asked about'}`)
  if (yes !== undefined && yes.outcome !== 'approved' && yes.outcome !== 'edited')
    report('asked-before-run', `${what} began although it was answered ${yes.outcome}`)
  if (mustAsk && yes === undefined) report('asked-before-run', `${what} began and nobody has approved it`)
  const input: unknown = yes?.outcome === 'edited' ? yes.patch?.['input'] : facts.state['input']
  if (textOf(input) !== textOf(call.input))
    report('asked-before-run', `${what} began with ${textOf(call.input)}; shown or edited was ${textOf(input)}`)
}

function ticketOf(input: unknown): string {
  return String(Reflect.get(Object(input), 'ticket'))
}
