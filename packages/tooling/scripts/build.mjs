// Turbo starts pnpm for each package, and so is started by pnpm itself: nothing says that the machine has one.
import { spawnSync } from 'node:child_process'
import { env, pnpm, root, setUp } from './set-up.mjs'

setUp()
const [command, ...args] = pnpm('exec', 'turbo', 'run', 'build', '--output-logs=errors-only', '--ui=stream')
const { status } = spawnSync(command, args, { cwd: root, env, stdio: 'inherit', shell: process.platform === 'win32' })
process.exitCode = status ?? 1
