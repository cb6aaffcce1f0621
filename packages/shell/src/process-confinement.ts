import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { NodeError } from '@waystone/core'
import { pathOutside, realPathOf } from './folder.ts'
import type { Confinement } from './launch.ts'

/** Runs programs as plain child processes: orderly, but whatever they want to do, they can. */
export const processConfinement: Confinement = {
  async launch({ file, args, root, cwd, environment, path }) {
    const outside = await pathOutside(args, cwd, [root])
    if (outside !== undefined) {
      throw new NodeError(
        'WAYSTONE_NODE_SHELL_FAILED',
        `argument ${JSON.stringify(outside)} names a path that leaves the folder of the shell tool; only paths inside of it are allowed`,
      )
    }
    const scratch = await realPathOf(await mkdtemp(join(tmpdir(), 'waystone-shell-')))
    return {
      file,
      args,
      cwd,
      env: { ...environment, HOME: scratch, TMPDIR: scratch, PATH: path, PWD: cwd },
      scratch,
      endOf: (exitCode) => ({ exitCode, signal: null }),
    }
  },
}
