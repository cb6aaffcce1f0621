/** Tags that the command writes, so that a run is found again with what it was started with. */
export const tagNames = {
  /** `file#export` of the workflow, absolute. */
  module: 'waystone.module',
  /** `live` or `offline`. */
  models: 'waystone.models',
} as const
