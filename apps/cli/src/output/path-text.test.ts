import { formatPath } from '@waystone/core'
import { describe, expect, it } from 'vitest'
import { parsePath } from './path-text.ts'

describe('parsePath', () => {
  it.each([[['reply']], [['notes', 0, 'text']], [['orders', 'a b', 'c"d', 1]], [['a-b', 'c']]])(
    'reads what formatPath writes: %j',
    (path) => {
      expect(parsePath(formatPath(path))).toEqual(path)
    },
  )

  it.each(['', 'a..b', 'a[x]', 'a b', '[0'])('refuses %j and shows what a path looks like', (text) => {
    expect(() => parsePath(text)).toThrow('allowed is a path as notes[0].text')
  })
})
