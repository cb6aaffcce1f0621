import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

const root = fileURLToPath(new URL('../..', import.meta.url))
const conditions = ['@waystone/source']

export default defineConfig({
  root,
  test: {
    passWithNoTests: false,
    projects: ['core', 'sqlite', 'testing', 'bench', 'tooling', 'cli', 'release-notes'].map((name) => ({
      root,
      resolve: { conditions },
      ssr: { resolve: { conditions } },
      test: { name, include: [`*/${name}/**/*.test.ts`] },
    })),
  },
})
