import type { EngineEvent } from '../snapshot/event.ts'

/** What an event is to whoever brings it. */
const words: { readonly [type in EngineEvent['type']]: string } = {
  'run.started': 'start',
  'run.forked': 'fork',
  'effect.ended': 'end of a step',
  'request.decided': 'decision',
  'event.received': 'event',
  'request.asked': 'question',
  'request.answered': 'answer',
  'timer.due': 'timer',
  'run.hold': 'hold',
  'run.release': 'release',
  'run.patch': 'patch',
  'run.redirect': 'redirect',
  'rule.revoke': 'revocation',
  'run.cancel': 'cancel',
}

/** An event in one word, for messages: `redirect` for `run.redirect`. */
export function eventWord(type: EngineEvent['type']): string {
  // One from another process may be of a type that only a newer Waystone knows.
  return Object.hasOwn(words, type) ? words[type] : type
}
