import { combinationRow, constructs, moves } from '../oracle/combinations.ts'
import { bureau } from '../workflows/bureau.ts'
import { crossing } from '../workflows/crossing.ts'
import { guildhall } from '../workflows/guildhall.ts'
import { parcels } from '../workflows/parcels.ts'
import { voyage } from '../workflows/voyage.ts'
import { suite } from './suite.ts'

/**
 * What cannot be, and what is too rare to be met by every test run. A run that only undoes goes nowhere any more: what leads elsewhere is
 * refused there.
 */
const leftOut: ReadonlySet<string> = new Set([
  combinationRow('redirect', 'undoing'),
  combinationRow('outside event', 'undoing'),
  combinationRow('deadline', 'undoing'),
  combinationRow('expiry', 'undoing'),
  combinationRow('deadline', 'a loser left to finish'),
  combinationRow('expiry', 'a loser left to finish'),
])

/** Each move amid each construct. */
const combinations = moves
  .flatMap((move) => constructs.map((construct) => combinationRow(move, construct)))
  .filter((row) => !leftOut.has(row))

/** Constructs that meet: what one is proven to do alone it does amid the others. */
export const combined = suite({
  name: 'combined',
  share: 0.5,
  runs: [1, 3],
  hasMishaps: true,
  workflows: [voyage, voyage, crossing, crossing, parcels, guildhall, bureau, bureau],
  rows: [
    ...combinations,
    'redirect',
    'redirect within a branch',
    'redirect out of a fork',
    'redirect in what is nested',
    'redirect while held',
    'wait opened',
    'event taken in what is nested',
    'wait lost with its branch',
    'two waits at once',
    'wait expired',
    'undoing of what is nested',
    'undone',
    'undone what was unknown',
    'undone what a nested workflow had done',
    'undone what a loser had done',
    'undoing waited for what was cancelled',
    'hold while undoing',
    'crash while undoing',
    'crash while waiting',
    'crash while nested',
    'completed with something undone inside',
    'loser left to finish',
    'join deadline',
    'branch waits its turn',
    'branch skipped',
    'branch cancelled',
    'list cut',
    'item begun',
    'item left',
    'item tried again',
    'map done',
    'map unsatisfied',
    'stalled',
    'handoff made',
    'handoff in what is nested',
    'one too many by max',
    'one too many by perPair',
    'chain begun anew',
    'private value kept from an effect outside',
    'private value kept from another group',
    'rule made: run',
    'rule made: workflow',
    'rule decides: run',
    'rule decides: workflow',
    'rule made in what is nested',
    'rule decides in what is nested',
    'rule revoked: run',
    'not remembered',
    'question answered',
    'clock set back',
    'clock put right again',
    'deletion deleted',
    'deletion deleted by force',
    'remembered across runs',
    'ended completed',
    'ended failed',
    'ended cancelled',
    'ended exhausted',
  ],
})
