import { waits as workflow } from '../workflows/waits.ts'
import { suite } from './suite.ts'

/** Waits: for events that come early, late, twice, for others or not at all, and for time. */
export const waits = suite({
  name: 'waits',
  share: 0.3,
  workflows: [workflow, workflow],
  rows: [
    'wait opened',
    'event kept',
    'event taken at once',
    'kept event taken',
    'event of another key kept',
    'event sent twice dropped',
    'event refused: not-awaited',
    'event refused: key-expected',
    'event refused: run-ended',
    'event applied',
    'event delivered',
    'event sent again after a failure',
    'first of several events: paid',
    'first of several events: recalled',
    'event taken in what is nested',
    'event taken while held',
    'two waits at once',
    'wait expired',
    'delay over',
    'moment come',
    'wait lost with its branch',
    'event unread at the end',
    'crash while waiting',
    'cancel while waiting',
    'ended completed',
    'ended cancelled',
  ],
})
