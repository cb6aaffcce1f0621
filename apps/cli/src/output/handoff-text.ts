import type { Decision, HandoffLedger, HandoffLimitHit, HandoffMade } from '@waystone/core'
import { printableExcerpt, printableLine } from './printable.ts'
import { targetText } from './target-text.ts'
import { formatDuration } from './units.ts'
import { counted } from './usage-text.ts'

const limitWords: { readonly [name in HandoffLimitHit['name']]: string } = {
  max: 'in all',
  perPair: 'from one to the other',
  identical: 'of the same contract',
  within: 'since the first',
}

/** The limit by which a handoff was one too many: `one too many, 3 of 3 in all`. */
export function tooManyText({ name, used, max }: HandoffLimitHit): string {
  const amount = name === 'within' ? `${formatDuration(used)} of ${formatDuration(max)}` : `${used} of ${max}`
  return `one too many, ${amount} ${limitWords[name]}`
}

/** Why an agent handed over, in quotes: the words of a model. */
export function handoffReason({ reason, tooMany }: NonNullable<Decision['handoff']>): string {
  const said = `hands over: “${printableExcerpt(printableLine(reason), 100)}”`
  return tooMany === undefined ? said : `${said} (${tooManyText(tooMany)})`
}

/** One handoff of a chain: `support → billing: “an invoice”`. */
export function handoffLine({ from, to, reason, tooMany }: HandoffMade): string {
  const many = tooMany === undefined ? '' : `  (${tooManyText(tooMany)}, meant for ${targetText(tooMany.meantFor)})`
  return `${from} → ${targetText(to)}: “${printableLine(reason)}”${many}`
}

/** The chain of a run, and how many handoffs were refused. */
export function handedLines({ made, refused }: HandoffLedger, label: (text: string) => string): readonly string[] {
  const few = refused === undefined ? [] : [`${label('refused')}${counted(refused, 'handoff')} that a model asked for`]
  return [...made.map((one) => `${label('handed')}${handoffLine(one)}`), ...few]
}
