import { PassThrough } from 'node:stream'
import { describe, expect, it } from 'vitest'
import { selfName, type Surroundings } from './surroundings.ts'

const output = { write: () => undefined, isTerminal: false, columns: 80 }

function calledThrough(event: string | undefined): Surroundings {
  return {
    cwd: '/',
    env: { npm_lifecycle_event: event },
    out: output,
    err: output,
    input: new PassThrough(),
    now: () => 0,
    onInterrupt: () => () => undefined,
    exit: () => undefined,
    edit: () => null,
  }
}

describe('selfName', () => {
  it('is what a person has to type to call the command again', () => {
    expect(selfName(calledThrough(undefined))).toBe('waystone')
    expect(selfName(calledThrough('npx'))).toBe('npx waystone')
    expect(selfName(calledThrough('waystone'))).toBe('npm run -s waystone --')
    expect(selfName(calledThrough('test'))).toBe('waystone')
  })
})
