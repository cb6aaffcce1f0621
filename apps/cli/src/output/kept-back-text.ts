import type { Checkpoint } from '@waystone/core'
import { readingText } from './decision-text.ts'
import { printableExcerpt, printableLine } from './printable.ts'

/** What rules of an agent kept from a model at one step, a line each: tools it was not offered, calls that were not run. */
export function keptBackLines({ event }: Checkpoint): readonly string[] {
  if (event.type !== 'effect.ended') return []
  const { withheld, refusedCalls, message } = event.payload
  const names = new Map(message?.calls.map(({ id, name }) => [id, name]))
  return [
    ...Object.entries(withheld ?? {}).map(([tool, { rule, message: why, guards }]) => {
      const read = (guards ?? []).map(readingText).join(', ')
      return `  ✗ tool ${printableLine(tool)} not offered, ${rule}: ${read === '' ? whyText(why) : read}`
    }),
    ...Object.entries(refusedCalls ?? {}).map(
      ([id, { rule, message: why }]) =>
        `  ✗ call of ${printableLine(names.get(id) ?? id)} refused, ${rule}: ${whyText(why)}`,
    ),
  ]
}

/** Without what the model is told first, which the line says already. */
function whyText(message: string): string {
  return printableExcerpt(message.replace(/^not run: /, ''), 200)
}
