import { canonicalJson, type Json } from '../base/json.ts'
import { sha256 } from '../base/hash.ts'
import { own } from '../base/own.ts'
import type { ModelToolCall } from '../define/model.ts'
import { describeThrown } from '../errors/describe-thrown.ts'
import { callApprovalOf } from '../graph/tool-use.ts'
import type { GuardReading } from '../snapshot/decision.ts'
import type { OpenStep, RunContext } from '../snapshot/snapshot.ts'
import { createGuardRunner } from './guards.ts'
import type { RouteParts } from './route-parts.ts'
import type { StepEnd } from './step-end.ts'

/** Decides of the calls of one turn which a person is asked about. */
export interface CallQuestions {
  /** Why a person is asked, which may be empty; undefined: nobody need be asked. */
  reasonFor(call: ModelToolCall): string | undefined
  /** Guards that were run for it, in order. */
  readonly readings: readonly GuardReading[]
}

/**
 * Makes {@link CallQuestions} of a turn. In doubt a person is asked: when a guard throws, and when nothing was said of a call
 * whose rule looks at its arguments.
 */
export function createCallQuestions(parts: RouteParts, context: RunContext, { record, end }: StepEnd): CallQuestions {
  const guards = createGuardRunner(parts, context.state)
  const readings: GuardReading[] = []
  return {
    readings,
    reasonFor(call) {
      const rule = callApprovalOf(parts.graph, record, call.name)
      if (rule === null) return undefined
      if (rule.when === 'always') return ''
      if (rule.when === 'arguments') {
        const said = own(end.askedCalls ?? {}, call.id) ?? 'nothing says that nobody need be asked'
        return said === false ? undefined : said
      }
      try {
        return guards.holds(rule.when, readings) ? '' : undefined
      } catch (thrown) {
        return `asked in doubt: ${describeThrown(thrown)}`
      }
    },
  }
}

/** What a yes is bound to: a tool and the arguments it runs with. @returns base64url SHA-256 */
export function callDigest(tool: string, given: Json): string {
  return sha256(canonicalJson({ tool, arguments: given }))
}

/** True for a step that asks a person before a call runs, also once the answer is yes and the call waits for others to end. */
export function isBeforeCall(step: OpenStep): boolean {
  return step.kind === 'approval' && step.callId !== undefined
}

/** True while nobody has answered whether a call may run. */
export function asksBeforeCall(step: OpenStep): boolean {
  return isBeforeCall(step) && step.approved === undefined
}
