import { runSource } from './run-source.mjs'

runSource('packages/bench/src/main.ts')
