import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const root = fileURLToPath(new URL('../..', import.meta.url))
const conditions = ['@waystone/source']

/** One project per folder of the workspace, so that a report names the package and `--project core` picks it. */
const folders = [
  'packages/core',
  'packages/sqlite',
  'packages/testing',
  'packages/openai',
  'packages/mcp',
  'packages/shell',
  'packages/bench',
  'packages/scenarios',
  'packages/tooling',
  'apps/cli',
  'examples/chat',
  'examples/guide',
  'examples/hello',
  'examples/refunds',
  'examples/release-notes',
]

export default defineConfig({
  root,
  test: {
    // The runner's own process is idle most of the time: on two cores its default, one worker fewer than there are, leaves half the machine unused.
    maxWorkers: '100%',
    projects: folders.map((folder) => ({
      root,
      resolve: { conditions },
      ssr: { resolve: { conditions } },
      test: {
        // No test is timed; this only ends one that hangs, and leaves room for a machine that is busy.
        testTimeout: 30_000,
        name: folder.slice(folder.indexOf('/') + 1),
        include: [`${folder}/**/*.test.ts`],
        typecheck: {
          enabled: folder === 'packages/core',
          include: [`${folder}/**/*.test-d.ts`],
          ignoreSourceErrors: true,
          tsconfig: `${folder}/tsconfig.json`,
        },
      },
    })),
  },
})
