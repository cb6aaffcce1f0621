import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import type { Owner } from '../checkpoint/store.ts'

/** Tells whether the process behind a lease still lives. Injectable; core asks the operating system only through this. */
export interface Liveness {
  /** This process. */
  self(): Pick<Owner, 'host' | 'pid' | 'processStartedAt'>
  /** `unknown`: another host, or no way to tell; then only the lease's end counts. */
  stateOf(owner: Owner): 'alive' | 'dead' | 'unknown'
}

/**
 * Tells processes of this host apart by pid and start time.
 *
 * Shape: on Linux the start is `ticks.boot.namespace` (field 22 of /proc/PID/stat; a part of the boot id; the pid namespace, so that containers
 * that share a host name are not mistaken for each other). Elsewhere it is empty and only a pid that does not exist is known to be dead.
 */
export const processLiveness: Liveness = {
  self: () => ({ host: hostname(), pid: process.pid, processStartedAt: startOf(process.pid) ?? '' }),
  stateOf(owner) {
    if (owner.host !== hostname()) return 'unknown'
    const here = surroundings()
    const [ticks, ...there] = owner.processStartedAt.split('.')
    if (here === undefined || there.length < 2) return stateOfPid(owner.pid)
    if (there[1] !== here.namespace) return 'unknown'
    if (there[0] !== here.boot) return 'dead'
    return startTicks(owner.pid) === ticks ? 'alive' : 'dead'
  },
}

function stateOfPid(pid: number): 'dead' | 'unknown' {
  try {
    process.kill(pid, 0)
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return 'dead'
  }
  return 'unknown'
}

function startOf(pid: number): string | undefined {
  const ticks = startTicks(pid)
  const here = surroundings()
  return ticks === undefined || here === undefined ? undefined : `${ticks}.${here.boot}.${here.namespace}`
}

/** Field 22 of /proc/PID/stat; the name of the program, which may hold spaces and brackets, ends at the last bracket. A process that is only a zombie has ended. */
function startTicks(pid: number): string | undefined {
  const text = readOrNothing(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
  const fields = text?.slice(text.lastIndexOf(')') + 2).split(' ')
  return fields?.[0] === 'Z' || fields?.[0] === 'X' ? undefined : fields?.[19]
}

interface Surroundings {
  readonly boot: string
  readonly namespace: string
}

function surroundings(): Surroundings | undefined {
  const boot = readOrNothing(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'))
  const namespace = readOrNothing(() => readlinkSync('/proc/self/ns/pid'))
  if (boot === undefined || namespace === undefined) return undefined
  return { boot: boot.slice(0, 8), namespace: namespace.replaceAll(/\D/g, '') }
}

function readOrNothing(read: () => string): string | undefined {
  try {
    return read()
  } catch {
    return undefined
  }
}
