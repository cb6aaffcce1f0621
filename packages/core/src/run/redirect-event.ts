import { takeJson } from '../base/json.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import { inputError } from '../errors/input-error.ts'
import { nodeAt, nodePathsOf } from '../graph/nested-graphs.ts'
import type { EngineEvent, OverridingMove, RunRedirect } from '../snapshot/event.ts'
import type { EventStamp } from './decision-event.ts'
import { checkOptions, knownOptions } from './known-options.ts'
import { parseOverride, requireMover } from './parse-override.ts'
import type { OverridableMove, RedirectInput } from './runtime.ts'

const code = 'WAYSTONE_INPUT_REDIRECT'
const redirectOptions = knownOptions<RedirectInput>('a redirect was given', code, {
  to: true,
  by: true,
  reason: true,
  override: true,
})
const release = { what: 'release', code: 'WAYSTONE_INPUT_RELEASE' } as const
const releaseOptions = knownOptions<OverridableMove>('a release was given', release.code, {
  by: true,
  reason: true,
  override: true,
})

/** Turns an operator's redirect into an event. @throws {InputError} WAYSTONE_INPUT_REDIRECT */
export function redirectEvent({ graph }: CompiledWorkflow, given: RedirectInput, stamp: EventStamp): EngineEvent {
  checkOptions(redirectOptions, given)
  const { to, by, reason, override = [] } = given
  requireMover(given, 'redirect', code)
  if (nodeAt(graph, to) === undefined) {
    const known = nodePathsOf(graph).filter((path) => nodeAt(graph, path)?.node.isRedirectable === true)
    const list = known.length === 0 ? 'none is redirectable' : `redirectable are ${known.join(', ')}`
    throw inputError(code, `there is no node ${JSON.stringify(to)} to redirect to; ${list}`)
  }
  const payload = { to, by, reason, ...parseOverride(graph, override, { what: 'redirect', code }) }
  const taken = takeJson(payload, 'redirect of a run') as unknown as RunRedirect
  return Object.freeze({ ...stamp, type: 'run.redirect', from: 'operator', payload: taken })
}

/** Turns the release of a held run into an event. @throws {InputError} WAYSTONE_INPUT_RELEASE */
export function releaseEvent({ graph }: CompiledWorkflow, given: OverridableMove, stamp: EventStamp): EngineEvent {
  checkOptions(releaseOptions, given)
  const { by, reason, override = [] } = given
  requireMover(given, release.what, release.code)
  const payload = { by, reason, ...parseOverride(graph, override, release) }
  const taken = takeJson(payload, 'release of a run') as unknown as OverridingMove
  return Object.freeze({ ...stamp, type: 'run.release', from: 'operator', payload: taken })
}
