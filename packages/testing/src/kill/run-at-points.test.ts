import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { runAtPoints, type ChildOptions, type RunningChild } from './run-at-points.ts'

const points = fileURLToPath(new URL('kill-points.ts', import.meta.url))

function run(program: string, atPoint?: ChildOptions['atPoint']): RunningChild {
  const script = `import { killPoints } from ${JSON.stringify(points)}; const points = killPoints(); ${program}`
  const args = ['--conditions=@waystone/source', '--input-type=module-typescript', '--eval', script]
  return runAtPoints({ command: process.execPath, args, ...(atPoint !== undefined && { atPoint }) })
}

const threePoints = `for (const name of ['a', 'b', 'c']) { points.reach(name); console.log('past ' + name) }`

describe('runAtPoints', () => {
  it('lets a program go on at each of its points', async () => {
    const end = await run(threePoints).end
    expect(end).toMatchObject({ code: 0, signal: null, points: ['a', 'b', 'c'], killedAt: null })
    expect(end.output).toBe('past a\npast b\npast c\n')
  })

  it('kills it with SIGKILL at a point, and nothing after the point happens', async () => {
    const end = await run(threePoints, (name) => (name === 'b' ? 'kill' : 'go')).end
    expect(end).toMatchObject({ code: null, signal: 'SIGKILL', points: ['a', 'b'], killedAt: 'b' })
    expect(end.output).toBe('past a\n')
  })

  it('leaves it standing, timers and all, until it may go on', async () => {
    const program = `setTimeout(() => console.log('timer'), 1); points.reach('a'); console.log('past a')`
    const child = run(program, () => 'stand')
    expect(await child.standing).toBe('a')
    child.go()
    await child.says('timer')
    expect((await child.end).output).toBe('past a\ntimer\n')
  })

  it('says that a program has ended instead of reaching a point', async () => {
    await expect(run('process.exit(3)', () => 'stand').standing).rejects.toThrow('the program ended before')
    await expect(run('console.log(1)').says('2')).rejects.toThrow('the program ended without saying 2')
  })

  it('does nothing in a program that nobody listens to', async () => {
    const { killPoints } = await import('./kill-points.ts')
    expect(() => killPoints().reach('a')).not.toThrow()
  })
})
