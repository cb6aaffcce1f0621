import { undone } from '../workflows/undone.ts'
import { suite } from './suite.ts'

/** Compensation: of tools, unsafe work, items of maps, nested workflows and branches that lost. */
export const undoing = suite({
  name: 'undoing',
  share: 0.34,
  workflows: [undone],
  rows: [
    'undoing begun',
    'undoing begun at once',
    'undoing waited for what was cancelled',
    'undoing of what is nested',
    'undoing ended',
    'undone',
    'undone an item',
    'undone what was unknown',
    'undone what a nested workflow had done',
    'undone what a loser had done',
    'undoing failed for good',
    'undoing unknown',
    'undoing tried again',
    'person asked about undoing',
    'undoing resolved happened',
    'undoing resolved did-not-happen',
    'undoing resolved failed',
    'undoing stopped',
    'left undone',
    'cancel heard while undoing',
    'hold while undoing',
    'crash while undoing',
    'withheld work dropped',
    'completed with something undone inside',
    'ended completed',
    'ended failed',
    'ended cancelled',
    'ended exhausted',
  ],
})
