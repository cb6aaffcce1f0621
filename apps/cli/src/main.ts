#!/usr/bin/env node
import { processSurroundings } from './process-surroundings.ts'
import { runCommandLine } from './program.ts'

process.exitCode = await runCommandLine(process.argv.slice(2), processSurroundings())
