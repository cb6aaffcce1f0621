/** What others reached, by the name of the figure. Reported earlier on like hardware, not measured in this run. */
export const peers: { readonly [figure: string]: string } = {
  'one run, no store': 'LangGraph.js 1,525 · Mastra 26,450 · plain XState 30,830',
  'one run, process': 'LangGraph.js 1,150 · Mastra 5,860 · plain XState 18,010',
  'one run, power': 'plain XState 2,970 steps/s',
  '1,000 runs of 10 steps, power': 'LangGraph.js 1,430 · Mastra 5,060, both without fsync',
  'list + 1 KB a step, 2,000 steps, process': 'LangGraph.js 45 · Mastra 283 (no history) · plain XState 62',
  '… file ÷ payload': 'LangGraph.js 1,045 · plain XState 1,045',
  'resume at 1,000 checkpoints to the next node': 'LangGraph.js 4.4 ms',
  'history of 1,000 checkpoints': 'LangGraph.js 196 ms',
  '… file beyond the 1 KB state': 'LangGraph.js 2.7 KB',
  'import of core': 'LangGraph.js 242 ms · Mastra 410 ms · plain XState 6.5 ms',
  '… packages installed': 'LangGraph.js 22 · Mastra 152',
  '… size installed': 'LangGraph.js 50 MB · Mastra 107 MB',
}

/** Versions that {@link peers} speak of. */
export const peerVersions =
  'LangGraph.js 1.4.18, Mastra 1.71 (keeps no history of steps), XState 5 keeping each snapshot'
