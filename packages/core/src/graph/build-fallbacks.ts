import { fallbackReasons, type FallbackReason } from '../define/fallback.ts'
import type { ModelTerms } from './graph.ts'
import { readNames, refuseValue, within, type Written } from './read-config.ts'

/** Options about models that stand in for the first. */
export const fallbackKeys = ['fallbacks', 'fallbackOn'] as const

/** Reads `fallbacks` and `fallbackOn`; both absent when there are none. */
export function readFallbacks(written: Written): Pick<ModelTerms, 'fallbacks' | 'fallbackOn'> {
  const names = readNames(written, 'fallbacks')
  const on = readNames(written, 'fallbackOn')
  if (names.includes('')) refuseValue(written, 'fallbacks', 'a list of names')
  const own = written.config['model']
  if (typeof own === 'string' && names.includes(own)) {
    written.issues.add('WAYSTONE_DEFINITION_DUPLICATE', within(written.place, 'fallbacks'), {
      message: `${written.subject}: fallbacks names ${JSON.stringify(own)}, which is its model already`,
      hint: 'Name other models; attempts of the same one are its retry policy.',
    })
  }
  if (!on.every((reason) => isReason(reason)))
    refuseValue(written, 'fallbackOn', `a list of ${fallbackReasons.join(', ')}`)
  else if (written.config['fallbackOn'] !== undefined && (names.length === 0 || on.length === 0))
    refuseValue(written, names.length === 0 ? 'fallbacks' : 'fallbackOn', 'a list of at least one name')
  if (names.length === 0) return {}
  const reasons = on.filter((reason) => isReason(reason))
  return {
    fallbacks: names.map((model) => ({ model })),
    ...(reasons.length > 0 && { fallbackOn: reasons }),
  }
}

function isReason(name: string): name is FallbackReason {
  return (fallbackReasons as readonly string[]).includes(name)
}
