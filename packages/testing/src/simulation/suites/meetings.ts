import { meetings as workflow } from '../workflows/meetings.ts'
import { rally, tenders } from '../workflows/tenders.ts'
import { suite } from './suite.ts'

/** Forks whose branches meet before their join. */
export const meetings = suite({
  name: 'meetings',
  share: 0.2,
  workflows: [workflow, workflow, rally, tenders],
  rows: [
    'fork taken',
    'branch begun by others',
    'branch waits for others',
    'branch waits its turn',
    'name free once what held it has stopped',
    'branch skipped',
    'branch cancelled',
    'place on the way passed',
    'place on the way reached by too few',
    'join done',
    'join failed',
    'join unsatisfied',
    'join deadline',
    'loser left to finish',
    'join in spite of a failed branch',
    'lists put in order of branch',
    'fork left by an edge',
    'redirect within a branch',
    'redirect out of a fork',
    'redirect while held',
    'redirect refused: not-under-way',
    'ended completed',
    'ended failed',
    'ended cancelled',
  ],
})
