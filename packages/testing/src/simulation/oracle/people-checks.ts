import type { Json, RunContext } from '@waystone/core'
import { branchAround } from './branches.ts'
import type { Passage } from './nested.ts'
import { factsOf, namesAround, partOfPath, partOfStep } from './parts.ts'
import type { KnownRule } from './people-facts.ts'
import { textOf, type RunFacts } from './run-facts.ts'

/**
 * Follows persons and operators by the stored events alone: redirects go to declared nodes and close what is there; no tool runs on a yes to
 * something else unless somebody has said so; what is remembered decides within its scope and nowhere else.
 */
export function followPeople(facts: RunFacts, passage: Passage): void {
  const { checkpoint, before, after } = passage
  const [was, is] = [before[0]?.context, after[0]?.context]
  if (was === undefined || is === undefined) return
  checkRedirect(facts, passage, was)
  followRules(facts, passage)
  followPolicies(facts, passage, { was, is })
  const { event } = checkpoint
  if (event.type === 'request.asked') passage.coverage.count('question asked')
  if (event.type === 'request.answered') passage.coverage.count('question answered')
}

interface Contexts {
  readonly was: RunContext
  readonly is: RunContext
}

/** A redirect enters one declared node, of the run or of what is nested in it, and closes what is open in the branch around it. */
function checkRedirect(facts: RunFacts, passage: Passage, run: RunContext): void {
  const { checkpoint, before, after, report, coverage } = passage
  const { event, sequence, decision } = checkpoint
  if (event.type !== 'run.redirect') return
  const { to: path, override } = event.payload
  const to = path.slice(path.lastIndexOf('/') + 1)
  const say = (what: string): void => report('redirects-are-declared', `the redirect to ${path} at ${sequence} ${what}`)
  const home = partOfPath(before, path)
  const part = after.find(({ holder }) => holder === home?.holder)
  if (home === undefined || part === undefined) return say('goes into what is not under way')
  const own = factsOf(facts, home)
  const [was, is] = [home.context, part.context]
  if (own.spec.graph.nodes[to]?.isRedirectable !== true) say('goes where none may go')
  if (decision?.to !== to) say(`is told as one to ${decision?.to}`)
  const branch = branchAround(own, to)
  const left = Object.entries(was.open).filter(([, { node }]) => branch === undefined || branch.has(node))
  const kept = left.filter(([index]) => is.open[index] !== undefined)
  if (kept.length > 0) say(`leaves ${kept.map(([index]) => index).join()} open`)
  const others = Object.keys(was.open).filter((index) => !left.some(([other]) => other === index))
  if (others.some((index) => is.open[index] === undefined)) say('closes what runs beside it')
  const fresh = Object.entries(is.open).filter(([index]) => was.open[index] === undefined)
  if (fresh.length !== 1 || fresh[0]?.[1].node !== to) say(`opens ${fresh.map(([, { node }]) => node).join()}`)
  coverage.count('redirect')
  if (path !== to) coverage.count('redirect in what is nested')
  if (branch !== undefined) coverage.count('redirect within a branch')
  else if (was.forks !== undefined) coverage.count('redirect out of a fork')
  if (run.held !== null) coverage.count('redirect while held')
  if (override !== undefined) coverage.count('redirect under an override')
}

/** Arguments of a call that a person was asked about, as its model asked for it. */
function askedArguments(context: RunContext, { node, callId }: RunContext['open'][string]): Json {
  const entries = context.private[node]?.entries ?? []
  const calls = entries.flatMap((entry) => ('role' in entry ? entry.calls : []))
  return calls.findLast(({ id }) => id === callId)?.arguments ?? null
}

/** A policy of the workflow that a call is of, or of one around it, wants a person to say yes to each. */
function isWantedFresh(own: RunFacts, tool: string): boolean {
  for (let one: RunFacts | null = own; one !== null; one = one.around)
    if (one.spec.graph.policies.some(({ never, remembered }) => never === tool && remembered !== true)) return true
  return false
}

function followRules(facts: RunFacts, { checkpoint, before, report, coverage }: Passage): void {
  const { event, sequence, step } = checkpoint
  if (event.type === 'rule.revoke') {
    const known = facts.rules.get(event.payload.rule)
    if (known !== undefined) known.revokedAt = event.at
    return coverage.count('rule revoked: run')
  }
  if (event.type !== 'request.decided' || step === null) return
  const { payload } = event
  const part = partOfStep(before, payload.step)
  const open = part?.context.open[payload.step]
  if (part === undefined || open?.tool === undefined) return
  const given = askedArguments(part.context, open)
  const node = [...namesAround(part), open.node].join('/')
  const say = (what: string): void => report('rules-keep-their-scope', `the decision at ${sequence} ${what}`)
  const wantsFresh = isWantedFresh(factsOf(facts, part), open.tool)
  const { remember, rule, outcome } = payload
  if (remember !== undefined) {
    if (outcome === 'approved' && wantsFresh)
      say(`has a yes to ${open.tool} remembered, which a policy wants each time`)
    coverage.count(`rule made: ${remember.scope}`)
    if (part.holder !== null) coverage.count('rule made in what is nested')
    facts.rules.set(`${facts.runId}/${payload.step}`, {
      runId: facts.runId,
      workflow: facts.spec.graph.name,
      scope: remember.scope,
      outcome,
      node,
      tool: open.tool,
      arguments: remember.arguments === undefined ? given : remember.arguments,
      isExact: remember.arguments === undefined,
      at: event.at,
      expiresAt: remember.expiresAt ?? null,
      revokedAt: null,
    })
  }
  if (rule === undefined) return
  coverage.count(`rule decides: ${rule.scope}`)
  if (part.holder !== null) coverage.count('rule decides in what is nested')
  if (outcome === 'rejected') coverage.count('rule decides: rejected')
  const known = facts.rules.get(rule.id)
  if (known === undefined) return say(`is by rule ${rule.id}, which nobody has made`)
  if (known.outcome !== outcome) say(`is ${outcome}; rule ${rule.id} is ${known.outcome}`)
  if (known.scope === 'run' ? known.runId !== facts.runId : known.workflow !== facts.spec.graph.name)
    say(`is by rule ${rule.id}, which is for another ${known.scope}`)
  if (known.node !== node || known.tool !== open.tool) say(`is by rule ${rule.id}, which is for ${known.tool}`)
  if (!isMatch(known, given))
    say(`is by rule ${rule.id}, which is for ${textOf(known.arguments)}, not ${textOf(given)}`)
  if (outcome === 'approved' && wantsFresh) say(`approves ${open.tool} by rule, which a policy wants a person to`)
  if (known.at > open.since) say(`is by rule ${rule.id}, which was made after it was asked`)
  if (known.expiresAt !== null && known.expiresAt <= event.at) say(`is by rule ${rule.id}, which has expired`)
  if (known.revokedAt !== null && known.revokedAt < open.since) say(`is by rule ${rule.id}, which was revoked before`)
}

function isMatch({ arguments: wanted, isExact }: KnownRule, given: Json): boolean {
  if (wanted === null && !isExact) return true
  if (isExact) return textOf(wanted) === textOf(given)
  return Object.entries(Object(wanted) as object).every(
    ([name, value]) => textOf(Reflect.get(Object(given) as object, name)) === textOf(value),
  )
}

/** Policies that name a node: the tool runs only on a yes to what stands there now, given since it last ran. */
function followPolicies(facts: RunFacts, passage: Passage, { was, is }: Contexts): void {
  const { checkpoint, report, coverage } = passage
  const { event, decision, step, sequence, commands } = checkpoint
  const { cleared, overridden, begun, broken } = facts.people
  const { graph } = facts.spec
  for (const policy of graph.policies) {
    const { never, without } = policy
    if (without === 'approval') continue
    const crossing = graph.nodes[without.node]
    const shown = crossing?.kind === 'approval' ? crossing.show : []
    if (shown.some((key) => textOf(was.state[key]) !== textOf(is.state[key]))) {
      if (event.type === 'run.patch' && was.held !== null && cleared.get(never) === true) {
        broken.add(never)
        coverage.count('patch of a held run that breaks a policy')
      }
      cleared.set(never, false)
    }
    const isCrossed = step?.node === without.node && decision?.outcome === without.outcome
    if (event.type === 'request.decided' && isCrossed) {
      cleared.set(never, true)
      overridden.delete(never)
      if (broken.delete(never) && was.held !== null) coverage.count('mended while held')
    }
    const override = 'override' in event.payload ? (event.payload.override ?? []) : []
    if (override.includes(never)) {
      overridden.add(never)
      if (event.type === 'run.release') coverage.count('release under an override')
    }
    for (const command of commands) {
      const node = command.type === 'effect' ? graph.nodes[command.node] : undefined
      if (command.type !== 'effect' || node?.kind !== 'tool' || node.tool !== never) continue
      if (begun.has(String(command.step))) continue
      begun.add(String(command.step))
      if (cleared.get(never) !== true && !overridden.has(never))
        report('approvals-are-fresh', `${never} is asked for at ${sequence} on no yes to what stands there`)
      cleared.set(never, false)
      overridden.delete(never)
    }
  }
}
