#!/usr/bin/env node
import { argv, stderr, versions } from 'node:process'

const [major = 0, minor = 0] = versions.node.split('.').map(Number)

// Loaded after the look at the version: what an older Node lacks would be all that a person is told.
if (major > 22 || (major === 22 && minor >= 13)) {
  const { processSurroundings } = await import('./process-surroundings.ts')
  const { runCommandLine } = await import('./program.ts')
  process.exitCode = await runCommandLine(argv.slice(2), processSurroundings())
} else {
  stderr.write(`waystone needs Node 22.13 or newer; this is Node ${versions.node}.\n`)
  process.exitCode = 2
}
