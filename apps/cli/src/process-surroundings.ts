import { spawnSync } from 'node:child_process'
import type { Output, Surroundings } from './surroundings.ts'

/** The surroundings of a real process. */
export function processSurroundings(): Surroundings {
  return {
    cwd: process.cwd(),
    env: process.env,
    out: outputOf(process.stdout),
    err: outputOf(process.stderr),
    input: process.stdin,
    now: () => Date.now(),
    onInterrupt(callback) {
      process.on('SIGINT', callback)
      process.on('SIGTERM', callback)
      return () => {
        process.off('SIGINT', callback)
        process.off('SIGTERM', callback)
      }
    },
    exit: (code) => process.exit(code),
    edit(command, path) {
      const [program = 'vi', ...args] = command.split(/\s+/)
      return spawnSync(program, [...args, path], { stdio: 'inherit' }).status
    },
  }
}

function outputOf(stream: NodeJS.WriteStream): Output {
  // Whoever read this (`| head`) has gone: what is left to do is done all the same.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error
  })
  return {
    write(text) {
      stream.write(text)
    },
    get isTerminal() {
      return stream.isTTY
    },
    get columns() {
      return stream.columns ?? 80
    },
  }
}
