import { describe, expect, it } from 'vitest'
import { networkTypeOf, parseLinuxMounts, parseMacMounts, requireLocalFolder } from './network-drive.ts'

const linux = parseLinuxMounts(`/dev/vda / ext4 rw,relatime 0 0
proc /proc proc rw 0 0
server:/home /home nfs4 rw,vers=4.2 0 0
/dev/vdb /home/ann/local ext4 rw 0 0
//nas/share /mnt/with\\040space cifs rw 0 0
me@host:/x /mnt/remote fuse.sshfs rw 0 0
C:\\134 /mnt/c 9p rw 0 0
/dev/sdb1 /mnt/stick fuseblk rw 0 0
`)

describe('networkTypeOf', () => {
  it.each([
    ['/var/lib', undefined],
    ['/home/ann', 'nfs4'],
    ['/home', 'nfs4'],
    ['/homework', undefined],
    ['/home/ann/local/runs', undefined],
    ['/mnt/with space/deep', 'cifs'],
    ['/mnt/remote', 'fuse.sshfs'],
    ['/mnt/c/Users', '9p'],
    ['/mnt/stick', undefined],
  ])('finds what %s lies on', (folder, type) => {
    expect(networkTypeOf(folder, linux)).toBe(type)
  })

  it('lets a container pass whose root is of the same type', () => {
    const container = parseLinuxMounts('none / 9p rw 0 0\nnone /runs 9p rw 0 0\nserver:/x /data nfs rw 0 0\n')
    expect(networkTypeOf('/runs/mine', container)).toBeUndefined()
    expect(networkTypeOf('/data', container)).toBe('nfs')
  })

  it('reads the mounts of macOS', () => {
    const mac = parseMacMounts(`/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
//ann@nas._smb._tcp.local/My Files on /Volumes/My Files (smbfs, nodev, nosuid, mounted by ann)
`)
    expect(networkTypeOf('/Users/ann', mac)).toBeUndefined()
    expect(networkTypeOf('/Volumes/My Files/runs', mac)).toBe('smbfs')
  })
})

describe('requireLocalFolder', () => {
  it('takes the folder of this package for local', () => {
    expect(() => requireLocalFolder(import.meta.dirname)).not.toThrow()
  })

  it('refuses a network drive', () => {
    const error = caught(() => requireLocalFolder('/home/ann', linux))
    expect(error).toMatchObject({
      code: 'WAYSTONE_STORE_NETWORK_DRIVE',
      message:
        "/home/ann lies on a network drive (nfs4), where SQLite's log is not safe; choose a path on a local disk",
    })
  })
})

function caught(work: () => void): unknown {
  try {
    return work()
  } catch (error) {
    return error
  }
}
