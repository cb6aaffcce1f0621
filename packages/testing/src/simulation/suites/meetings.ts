import { meetings as workflow } from '../workflows/meetings.ts'
import { suite } from './suite.ts'

/** Forks whose branches meet before their join. */
export const meetings = suite({
  name: 'meetings',
  share: 0.2,
  workflows: [workflow],
  rows: [
    'fork taken',
    'branch begun by others',
    'branch waits for others',
    'branch waits its turn',
    'name free once what held it has stopped',
    'branch skipped',
    'branch cancelled',
    'place on the way passed',
    'join done',
    'join in spite of a failed branch',
    'lists put in order of branch',
    'fork left by an edge',
    'ended completed',
    'ended cancelled',
  ],
})
