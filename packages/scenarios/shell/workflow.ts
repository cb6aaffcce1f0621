import { defineState, END } from '@waystone/core'
import { shellTool } from '@waystone/shell'
import { z } from 'zod'

/** Variables that say how the program is confined, where it works and what it is found by. */
export const levelVariable = 'WAYSTONE_SCENARIO_CONFINEMENT'
export const rootVariable = 'WAYSTONE_SCENARIO_FOLDER'
export const markerVariable = 'WAYSTONE_SCENARIO_MARKER'

const root = process.env[rootVariable] ?? 'folder'
const base = { root, allow: [{ program: 'node', file: process.execPath }], approval: false }
const bubblewrap = process.env['WAYSTONE_TEST_BWRAP']

const shell =
  process.env[levelVariable] === 'process'
    ? shellTool({ ...base, confinement: 'process', network: true })
    : shellTool({ ...base, ...(bubblewrap !== undefined && { bubblewrap }) })

const w = defineState({ output: z.string().optional() })

const n = w.nodes({
  work: w.tool(shell, {
    writes: ['output'],
    // Says that it has begun, and does not end.
    input: () => ({
      command: [
        'node',
        '-e',
        'fs.appendFileSync("begun", "begun\\n"); setInterval(() => {}, 1000)',
        process.env[markerVariable] ?? '',
      ],
    }),
    apply: ({ stdout }) => ({ output: stdout }),
  }),
})

/** A run whose one command does not end. */
export const commands = w.workflow('commands', {
  input: z.object({}),
  output: ['output'],
  nodes: n,
  start: n.work,
  edges: { work: { done: END } },
})
