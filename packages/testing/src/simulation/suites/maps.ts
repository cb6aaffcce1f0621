import { maps as workflow } from '../workflows/maps.ts'
import { suite } from './suite.ts'

/** Maps. */
export const maps = suite({
  name: 'maps',
  share: 0.3,
  workflows: [workflow],
  rows: [
    'item begun',
    'item left',
    'list cut',
    'map done',
    'map unsatisfied',
    'map in spite of a failed item',
    'first item that is wanted',
    'person asked about an item',
  ],
})
