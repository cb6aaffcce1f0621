import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { env, node, root, setUp } from './set-up.mjs'

/** Sets up, then becomes, as far as a parent can, the TypeScript program at `entry`: its streams, signals and end. */
export function runSource(entry, { cwd = root } = {}) {
  setUp()
  const args = ['--conditions=@waystone/source', join(root, entry), ...process.argv.slice(2)]
  const child = spawn(node, args, { cwd, env, stdio: 'inherit' })

  const forward = interruptForwarder(child)
  const handlers = { SIGINT: forward, SIGTERM: () => child.kill('SIGTERM'), SIGHUP: () => child.kill('SIGHUP') }
  for (const [signal, handler] of Object.entries(handlers)) process.on(signal, handler)
  child.on('error', (error) => {
    console.error(`Could not start ${node}: ${error.message}`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => {
    for (const [name, handler] of Object.entries(handlers)) process.off(name, handler)
    if (signal) process.kill(process.pid, signal)
    else process.exit(code)
  })
}

/**
 * Passes an interrupt on exactly once, as a second one means more than the first: a terminal has sent it to the child
 * already, and npm sends its own copy of what the whole group got.
 */
function interruptForwarder(child) {
  const isOnTerminal = hasTerminal()
  let forwardedAt = 0
  return () => {
    if (isOnTerminal || Date.now() - forwardedAt < 100) return
    forwardedAt = Date.now()
    child.kill('SIGINT')
  }
}

function hasTerminal() {
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    return false
  }
}
