import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { hostname } from 'node:os'
import { describe, expect, it } from 'vitest'
import type { Owner } from '../checkpoint/store.ts'
import { processLiveness } from './liveness.ts'

const me: Owner = { id: 'me', ...processLiveness.self() }
const isLinux = process.platform === 'linux'

describe('processLiveness', () => {
  it('knows this process', () => {
    expect(me).toMatchObject({ host: hostname(), pid: process.pid })
    expect(processLiveness.stateOf(me)).toBe(isLinux ? 'alive' : 'unknown')
  })

  it('knows that a process has ended', async () => {
    const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'])
    await once(child, 'spawn')
    const pid = child.pid ?? 0
    const owner = { ...me, pid, processStartedAt: isLinux ? me.processStartedAt : '' }
    child.kill('SIGKILL')
    await once(child, 'exit')
    expect(processLiveness.stateOf(owner)).toBe('dead')
  })

  it('cannot tell about another host', () => {
    expect(processLiveness.stateOf({ ...me, host: 'elsewhere' })).toBe('unknown')
  })

  it.runIf(isLinux)('is not deceived by a pid that was given again, a reboot or another container', () => {
    const [ticks = '', boot = '', namespace = ''] = me.processStartedAt.split('.')
    const startedAt = (...parts: readonly string[]): Owner => ({ ...me, processStartedAt: parts.join('.') })
    expect(processLiveness.stateOf(startedAt(`${Number(ticks) - 1}`, boot, namespace))).toBe('dead')
    expect(processLiveness.stateOf(startedAt(ticks, 'otherboot', namespace))).toBe('dead')
    expect(processLiveness.stateOf(startedAt(ticks, boot, '1'))).toBe('unknown')
  })
})
