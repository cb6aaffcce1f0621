import { combinationRow, constructs, moves } from '../oracle/combinations.ts'
import { bureau } from '../workflows/bureau.ts'
import { crossing } from '../workflows/crossing.ts'
import { guildhall } from '../workflows/guildhall.ts'
import { parcels } from '../workflows/parcels.ts'
import { voyage } from '../workflows/voyage.ts'
import { suite } from './suite.ts'

/** Each move amid each construct. A run that only undoes goes nowhere any more: what leads elsewhere is refused there. */
const combinations = moves.flatMap((move) =>
  constructs.flatMap((construct) =>
    move === 'redirect' && construct === 'undoing' ? [] : [combinationRow(move, construct)],
  ),
)

/** Constructs that meet: what one is proven to do alone it does amid the others. */
export const combined = suite({
  name: 'combined',
  share: 0.3,
  runs: [1, 3],
  workflows: [voyage, crossing, parcels, guildhall, bureau],
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
    'ended completed',
    'ended failed',
    'ended cancelled',
    'ended exhausted',
  ],
})
