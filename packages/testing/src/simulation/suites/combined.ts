import { combinationRow, constructs, moves } from '../oracle/combinations.ts'
import { bureau } from '../workflows/bureau.ts'
import { crossing } from '../workflows/crossing.ts'
import { guildhall } from '../workflows/guildhall.ts'
import { parcels } from '../workflows/parcels.ts'
import { voyage } from '../workflows/voyage.ts'
import { suite } from './suite.ts'

/**
 * What cannot be, and what is too rare to be met by every test run. A run that only undoes goes nowhere any more: what leads elsewhere is
 * refused there. A run that is held is not held again. A stall is where nothing else goes on. The others: docs/decisions/0013.
 */
const leftOut: { readonly [move in (typeof moves)[number]]?: readonly (typeof constructs)[number][] } = {
  redirect: ['undoing', 'a loser left to finish'],
  patch: ['a chain of handoffs', 'a store of a group'],
  hold: ['a hold', 'a store of a group'],
  release: ['a store of a group'],
  cancel: ['a chain of handoffs', 'a store of a group', 'a group'],
  'outside event': ['undoing'],
  deadline: ['a workflow of an item', 'a wait', 'a group', 'a store of a group', 'a loser left to finish', 'undoing'],
  expiry: ['a group', 'a store of a group', 'a loser left to finish', 'undoing'],
  escalation: [
    'an event between nodes',
    'a nested workflow',
    'a group',
    'a store of a group',
    'a loser left to finish',
    'undoing',
  ],
  'limit hit': [
    'branches that meet',
    'an event between nodes',
    'a nested workflow',
    'a wait',
    'a question that escalates',
    'a quorum',
    'a group',
    'a store of a group',
    'a use of the memory',
    'a hold',
    'a loser left to finish',
    'undoing',
  ],
  stall: constructs.filter((construct) => construct !== 'what can be undone'),
  'fork of the run': ['a store of a group', 'undoing'],
}

/** Each move amid each construct. */
const combinations = moves.flatMap((move) => {
  const met = constructs.filter((construct) => leftOut[move]?.includes(construct) !== true)
  return met.map((construct) => combinationRow(move, construct))
})

/** Constructs that meet: what one is proven to do alone it does amid the others. */
export const combined = suite({
  name: 'combined',
  share: 0.5,
  runs: [1, 3],
  hasMishaps: true,
  workflows: [voyage, voyage, crossing, crossing, parcels, guildhall, guildhall, bureau, bureau],
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
    'private value in the store of its group',
    'run forked',
    'fork refused: FORK',
    'forked run completed',
    'forked run failed',
    'forked run exhausted',
    'ended completed',
    'ended failed',
    'ended cancelled',
    'ended exhausted',
  ],
})
