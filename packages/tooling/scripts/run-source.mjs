import { spawn } from 'node:child_process'
import { closeSync, openSync } from 'node:fs'
import { join } from 'node:path'
import { env, node, root, setUp } from './set-up.mjs'

/** Sets up, then becomes, as far as a parent can, the TypeScript program at `entry`: its streams, signals and end. */
export function runSource(entry, { cwd = root } = {}) {
  setUp()
  const args = ['--conditions=@waystone/source', join(root, entry), ...process.argv.slice(2)]
  const child = spawn(node, args, { cwd, env, stdio: 'inherit' })

  // A terminal sends Ctrl-C to the child as well; passing it on would make it the second one.
  const isOnTerminal = hasTerminal()
  const handlers = ['SIGINT', 'SIGTERM', 'SIGHUP'].map((signal) => {
    const handler = () => void (signal === 'SIGINT' && isOnTerminal ? undefined : child.kill(signal))
    process.on(signal, handler)
    return [signal, handler]
  })
  child.on('error', (error) => {
    console.error(`Could not start ${node}: ${error.message}`)
    process.exit(1)
  })
  child.on('exit', (code, signal) => {
    for (const [name, handler] of handlers) process.off(name, handler)
    if (signal) process.kill(process.pid, signal)
    else process.exit(code)
  })
}

function hasTerminal() {
  try {
    closeSync(openSync('/dev/tty', 'r'))
    return true
  } catch {
    return false
  }
}
