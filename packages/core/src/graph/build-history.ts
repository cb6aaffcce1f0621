import type { Extent } from '../define/history.ts'
import type { HistoryRecord, SummaryRecord } from './graph.ts'
import {
  checkKeys,
  readChoice,
  readCount,
  readObject,
  readText,
  refuseValue,
  within,
  type Written,
} from './read-config.ts'

/** What a summary has of its agent unless it says otherwise. */
export type SummaryDefaults = Pick<SummaryRecord, 'model' | 'maxInputTokens' | 'maxOutputTokens'>

/** Reads when an agent's conversation is cut; undefined when it never is. */
export function readHistory(
  written: Written,
  agent: SummaryDefaults & { readonly maxModelCalls: number },
): HistoryRecord | undefined {
  const config = readObject(written, 'history')
  if (config === undefined) return undefined
  const inside: Written = {
    ...written,
    config,
    place: within(written.place, 'history'),
    subject: `history of ${written.subject}`,
  }
  checkKeys(inside, ['over', 'keep', 'summary'])
  const over = readExtent(inside, 'over')
  if (over === undefined) {
    if (config['over'] === undefined) refuseValue(inside, 'over', expectedExtent)
    return undefined
  }
  const keep = readExtent(inside, 'keep') ?? halfOf(over)
  if (isAsLarge(keep, over)) {
    const expected = `less than over, which is ${JSON.stringify(over)}`
    inside.issues.add('WAYSTONE_DEFINITION_BAD_VALUE', within(inside.place, 'keep'), {
      message: `${inside.subject}: keep is ${JSON.stringify(keep)}; expected is ${expected}`,
      hint: `Give keep ${expected}.`,
    })
  }
  const summary = readSummary(inside, agent)
  if (summary !== null && agent.maxModelCalls < 2) {
    refuseValue(inside, 'summary', `none, since maxModelCalls is ${agent.maxModelCalls} and a summary is one of them`)
  }
  return { over, keep, summary }
}

const expectedExtent = '{ answers: n } or { tokens: n }, n a whole number, 1 or more'

function readExtent(written: Written, key: 'over' | 'keep'): Extent | undefined {
  const config = written.config[key] === undefined ? undefined : readObject(written, key)
  if (config === undefined) return undefined
  const names = Object.keys(config)
  const inside: Written = {
    ...written,
    config,
    place: within(written.place, key),
    subject: `${key} of ${written.subject}`,
  }
  if (names.length !== 1 || (names[0] !== 'answers' && names[0] !== 'tokens')) {
    refuseValue(written, key, expectedExtent)
    return undefined
  }
  const count = readCount(inside, names[0], { least: 1, fallback: 1 })
  return names[0] === 'answers' ? { answers: count } : { tokens: count }
}

function halfOf(extent: Extent): Extent {
  return 'answers' in extent
    ? { answers: Math.max(1, Math.floor(extent.answers / 2)) }
    : { tokens: Math.max(1, Math.floor(extent.tokens / 2)) }
}

/** Compared in the same unit only. One answer is always kept, so over one answer is the least there is. */
function isAsLarge(keep: Extent, over: Extent): boolean {
  if ('answers' in keep) return 'answers' in over && keep.answers > 1 && keep.answers >= over.answers
  return 'tokens' in over && keep.tokens >= over.tokens
}

function readSummary(written: Written, agent: SummaryDefaults): SummaryRecord | null {
  const value = written.config['summary']
  if (value === undefined) return null
  const { model, maxInputTokens, maxOutputTokens } = agent
  const usual: SummaryRecord = { model, instructions: null, maxInputTokens, maxOutputTokens, otherwise: 'keep' }
  if (value === true) return usual
  const config = readObject(written, 'summary')
  if (config === undefined) return usual
  const inside: Written = {
    ...written,
    config,
    place: within(written.place, 'summary'),
    subject: `summary of ${written.subject}`,
  }
  checkKeys(inside, ['model', 'instructions', 'maxInputTokens', 'maxOutputTokens', 'otherwise'])
  return {
    model: readText(inside, 'model', model),
    instructions: config['instructions'] === undefined ? null : readText(inside, 'instructions', ''),
    maxInputTokens: readTokens(inside, 'maxInputTokens') ?? maxInputTokens,
    maxOutputTokens: readTokens(inside, 'maxOutputTokens') ?? maxOutputTokens,
    otherwise: readChoice(inside, 'otherwise', ['keep', 'forget', 'fail']) ?? 'keep',
  }
}

function readTokens(written: Written, key: string): number | null {
  return written.config[key] === undefined ? null : readCount(written, key, { least: 1, fallback: 1 })
}
