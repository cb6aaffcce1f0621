import { unwrittenFrom } from '../check/rules/read-before-write.ts'
import { namesOfPath } from '../base/node-path.ts'
import type { OperatorChange } from '../check/policy/patched.ts'
import type { NodeRecord, PolicyRecord } from '../graph/graph.ts'
import type { Decision } from '../snapshot/decision.ts'
import type { RunRedirect } from '../snapshot/event.ts'
import { findLimitHit, needOf } from './limits.ts'
import { eventNames, transitionNames } from './names.ts'
import { brokenBy, brokenText, fromOutside, noteBroken } from './operator-policies.ts'
import { isUnderWay, namesAround, pathAt, placesOf, type Place } from './place.ts'
import type { Plan } from './planned.ts'
import { refuse } from './plan-move.ts'
import { applied } from './applied.ts'
import { at, type RunAt } from './run-at.ts'
import { stateFor } from './seen-state.ts'
import { unstalled } from './stall.ts'

/** An operator sends the run to a node: what is open there is closed, and the node is entered as from an edge. */
export function redirect(root: RunAt, move: RunRedirect): Plan {
  const names = namesOfPath(move.to)
  const node = names.at(-1) ?? ''
  const [place, ...others] = placesOf(root).filter((one) => isUnderWay(one) && isWithin(one, names))
  if (place === undefined || others.length > 0) {
    const count = others.length === 0 ? 'not' : `${others.length + 1} times`
    return refuse('not-under-way', `the workflow that holds ${move.to} is ${count} under way`)
  }
  const run = at(root, place)
  const record = run.compiled.graph.nodes[node]
  const refusal = record === undefined ? notRedirectable(run, node) : redirectRefusal(run, { record, move })
  if (refusal !== undefined) return refusal
  const broken = policiesPast(run, move)
  const [first] = broken
  const isHeld = root.snapshot.context.held !== null && place.around.length === 0
  if (first !== undefined && !isHeld) {
    const message = `${brokenText(first, [move.to])}; redirect to where it is crossed, or override tool ${first.never}`
    return refuse('policy-broken', message)
  }
  const { compiled, snapshot, event } = run
  const moved = compiled.runner.move(snapshot, { type: eventNames.redirect(node), at: event.at })
  const next = Object.freeze({ value: moved.value, context: noteBroken(unstalled(moved.context), broken) })
  return applied(run, next, { decision: redirection(run, node) })
}

function isWithin(place: Place, names: readonly string[]): boolean {
  const around = namesAround(place)
  return around.length === names.length - 1 && around.every((name, level) => name === names[level])
}

function notRedirectable({ compiled, around }: RunAt, node: string): Plan {
  const found = Object.values(compiled.graph.nodes).filter(({ isRedirectable }) => isRedirectable === true)
  const within = around.length === 0 ? '' : ` of ${compiled.graph.name}`
  const names = found.length === 0 ? 'none is' : `redirectable are ${found.map(({ id }) => id).join(', ')}`
  return refuse('not-redirectable', `node ${node}${within} is not declared redirectable; ${names}`)
}

interface Wanted {
  readonly record: NodeRecord
  readonly move: RunRedirect
}

function redirectRefusal(run: RunAt, { record, move }: Wanted): Plan | undefined {
  const { compiled, snapshot, event, around } = run
  const { context } = snapshot
  const { graph, index } = compiled
  if (record.isRedirectable !== true || record.kind === 'join') return notRedirectable(run, record.id)
  if (around.some(({ snapshot: outer }) => outer.context.undoing !== undefined) || context.undoing !== undefined)
    return refuse('not-under-way', `the run is over and undoes what it did; it goes to no ${move.to} any more`)
  const ended = (index.forks?.homes.get(record.id) ?? []).find(({ join, branch }) => {
    const fork = context.forks?.[join]
    return fork?.branches[branch] !== 'running' || fork.fired !== undefined
  })
  if (ended !== undefined) {
    const message = `node ${move.to} is in branch ${ended.branch} of the fork that joins at ${ended.join}, which is not under way`
    return refuse('not-under-way', message)
  }
  const hit = findLimitHit(graph, context, { need: needOf(record, context), at: event.at })
  if (hit !== undefined || context.exhausted !== null) {
    const limit = hit?.name ?? context.exhausted?.limit ?? ''
    return refuse('limit-reached', `limit ${limit} leaves nothing for ${move.to}; a redirect goes past no limit`)
  }
  const seen = stateFor(record, context)
  const unseen = record.reads.filter((key) => graph.state[key]?.optional === false && !Object.hasOwn(seen, key))
  const missing = [...new Set([...unseen, ...unwrittenFrom(graph, record.id, Object.keys(context.state))])]
  if (missing.length === 0) return undefined
  const message = `from ${move.to} the run reads ${missing.join(', ')}, which nothing has written yet; patch the state first`
  return refuse('not-written', message)
}

/** Policies that the way from a node on breaks as if nothing had been crossed before, those of the workflows around it too. */
function policiesPast({ compiled, around }: RunAt, { to, override }: RunRedirect): readonly PolicyRecord[] {
  const node = namesOfPath(to).at(-1) ?? ''
  const outer = around.flatMap(({ compiled: { graph } }) => graph.policies).map(fromOutside)
  const change: OperatorChange = { keys: 'any', nodes: [node], outer }
  return brokenBy(compiled.graph, change, override)
}

function redirection(run: RunAt, node: string): Decision {
  const { compiled, snapshot } = run
  const { open, forks: under } = snapshot.context
  const home = compiled.index.forks?.homes.get(node)?.at(-1)
  const inBranch = compiled.index.forks?.forks.get(home?.join ?? '')?.branches.find((one) => one.entry === home?.branch)
  const left = Object.values(open).find((step) => inBranch === undefined || inBranch.nodes.has(step.node))
  return {
    node: pathAt(run, left?.node ?? Object.keys(under ?? {})[0] ?? node),
    visit: left?.visit ?? 1,
    outcome: 'redirected',
    candidates: [{ edge: transitionNames.redirect, verdict: 'taken' }],
    taken: transitionNames.redirect,
    to: node,
  }
}
