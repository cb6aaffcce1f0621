import { runSource } from './run-source.mjs'

// npm moves to the root folder; paths in the arguments are relative to where the person is.
runSource('apps/cli/src/main.ts', { cwd: process.env.INIT_CWD ?? process.cwd() })
