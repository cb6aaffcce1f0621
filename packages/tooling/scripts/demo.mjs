import { runSource } from './run-source.mjs'

runSource('examples/release-notes/demo.ts')
