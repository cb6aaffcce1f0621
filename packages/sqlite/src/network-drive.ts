import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { posix } from 'node:path'
import { storeError } from '@waystone/core/store'

/** File systems behind a network, where the shared memory of SQLite's write-ahead log does not work between machines. */
const networkTypes =
  /^(nfs\d?|cifs|smb\w*|smbfs|afpfs|webdav|ncpfs|afs|ceph|glusterfs|lustre|beegfs|ocfs2|gfs2?|9p|vboxsf|prl_fs|fuse\.(sshfs|s3fs|gcsfuse|rclone|davfs2?|glusterfs|ceph-fuse|goofys|juicefs|curlftpfs|smbnetfs|nfs\S*))$/

/** One mounted file system. */
export interface Mount {
  readonly folder: string
  /** As the system names it, e.g. `ext4`, `nfs4`, `fuse.sshfs`. */
  readonly type: string
}

/** Mounts from the text of `/proc/self/mounts`. Order: as mounted, a later one hides an earlier one on the same folder. */
export function parseLinuxMounts(text: string): readonly Mount[] {
  return text.split('\n').flatMap((line) => {
    const [, folder, type] = line.split(' ')
    if (folder === undefined || type === undefined) return []
    const plain = folder.replace(/\\([0-7]{3})/g, (_, code: string) => String.fromCharCode(Number.parseInt(code, 8)))
    return [{ folder: plain, type }]
  })
}

/** Mounts from what `/sbin/mount` of macOS prints. */
export function parseMacMounts(text: string): readonly Mount[] {
  return Array.from(text.matchAll(/^.+? on (.+) \((\w+)[,)]/gm), ([, folder, type]) => ({
    folder: folder ?? '',
    type: type ?? '',
  }))
}

/**
 * The network file system that a folder lies on; undefined: none.
 *
 * A type that also carries the root of the system passes: containers and virtual machines have theirs on 9p or NFS, and there is
 * only one machine behind it.
 *
 * @param folder - absolute, links resolved
 */
export function networkTypeOf(folder: string, mounts: readonly Mount[]): string | undefined {
  const holder = holderOf(folder, mounts)
  if (holder === undefined || !networkTypes.test(holder.type)) return undefined
  const root = holderOf('/', mounts)
  return root?.type === holder.type ? undefined : holder.type
}

function holderOf(folder: string, mounts: readonly Mount[]): Mount | undefined {
  let found: Mount | undefined
  for (const mount of mounts) {
    const isAbove = !posix.relative(mount.folder, folder).startsWith('..')
    if (isAbove && mount.folder.length >= (found?.folder.length ?? 0)) found = mount
  }
  return found
}

/** What is mounted on this machine; empty when that cannot be found out, so that everything counts as local. */
function mountsHere(): readonly Mount[] {
  try {
    if (process.platform === 'win32') return []
    if (process.platform === 'darwin') return parseMacMounts(execFileSync('/sbin/mount', { encoding: 'utf8' }))
    return parseLinuxMounts(readFileSync('/proc/self/mounts', 'utf8'))
  } catch {
    return []
  }
}

/**
 * Refuses a folder on a network drive.
 *
 * @param folder - absolute, links resolved; on Windows a path that begins with two slashes is one of a network
 * @throws {StoreError} WAYSTONE_STORE_NETWORK_DRIVE
 */
export function requireLocalFolder(folder: string, mounts: readonly Mount[] = mountsHere()): void {
  const isShare = process.platform === 'win32' && /^[\\/]{2}[^.?]/.test(folder)
  const type = isShare ? 'smb' : networkTypeOf(folder, mounts)
  if (type === undefined) return
  throw storeError(
    'WAYSTONE_STORE_NETWORK_DRIVE',
    `${folder} lies on a network drive (${type}), where SQLite's log is not safe; choose a path on a local disk`,
    { path: folder, type },
  )
}
