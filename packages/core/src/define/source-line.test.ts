import { describe, expect, it } from 'vitest'
import { callerOf } from './source-line.ts'

function called(): ReturnType<typeof callerOf> {
  return callerOf(called)
}

describe('callerOf', () => {
  it('finds the file and line of the call', () => {
    const first = called()
    const second = called()
    expect(first?.file).toMatch(/source-line\.test\.ts$/)
    expect((second?.line ?? 0) - (first?.line ?? 0)).toBe(1)
  })

  it('leaves the depth of stacks as it was', () => {
    const depth = Error.stackTraceLimit
    called()
    expect(Error.stackTraceLimit).toBe(depth)
  })

  it('finds nothing where the platform writes stacks otherwise', () => {
    const before: unknown = Reflect.get(Error, 'prepareStackTrace')
    try {
      Error.prepareStackTrace = () => ['no', 'text']
      expect(called()).toBeUndefined()
      Error.prepareStackTrace = () => 'somewhere'
      expect(called()).toBeUndefined()
    } finally {
      Reflect.set(Error, 'prepareStackTrace', before)
    }
  })
})
