import { userInfo } from 'node:os'
import type { Surroundings } from '../surroundings.ts'

/** Who is at the keyboard, as decisions record it: $WAYSTONE_BY, else the name of the account. */
export function personName({ env }: Surroundings): string {
  return env['WAYSTONE_BY'] ?? env['USER'] ?? env['LOGNAME'] ?? accountName()
}

function accountName(): string {
  try {
    return userInfo().username
  } catch {
    return 'unknown'
  }
}
