import type { Measure } from '../measure.ts'
import { cancelCall } from './cancel-call.ts'
import { growingList } from './growing-list.ts'
import { hierarchy } from './hierarchy.ts'
import { importCore } from './import-core.ts'
import { longHistory } from './long-history.ts'
import { manyRuns } from './many-runs.ts'
import { memorySearch } from './memory-search.ts'
import { mapItems } from './map-items.ts'
import { permits } from './permits.ts'
import { noStore, powerLevel, processLevel } from './single-run.ts'
import { thousandNodes } from './thousand-nodes.ts'
import { waitingRuns } from './waiting-runs.ts'

/** Every measure. Order: as reported. */
export const measures: readonly Measure[] = [
  noStore,
  processLevel,
  powerLevel,
  manyRuns,
  growingList,
  longHistory,
  waitingRuns,
  permits,
  memorySearch,
  mapItems,
  hierarchy,
  thousandNodes,
  cancelCall,
  importCore,
]
