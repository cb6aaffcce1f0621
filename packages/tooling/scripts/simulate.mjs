import { runSource } from './run-source.mjs'

runSource('packages/testing/src/simulation/main.ts')
