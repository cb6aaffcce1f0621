import { describe, expect, it } from 'vitest'
import { nearestName } from './nearest-name.ts'

describe('nearestName', () => {
  it.each([
    ['tag', 'tags'],
    ['workflow', 'workflows'],
    ['Workflows', 'workflows'],
    ['concurent', 'concurrent'],
    ['drian', 'drain'],
  ])('takes %s for %s', (mistyped, meant) => {
    expect(nearestName(mistyped, ['key', 'tags', 'workflows', 'concurrent', 'drain'])).toBe(meant)
  })

  it('takes the nearest of several, and of equally near ones the first', () => {
    expect(nearestName('reasons', ['seasons', 'reason', 'treasons'])).toBe('seasons')
    expect(nearestName('models', ['model', 'models'])).toBe('models')
  })

  it('knows of none for a name that is like no other', () => {
    expect(nearestName('to', ['by', 'at'])).toBeUndefined()
    expect(nearestName('priority', ['key', 'tags'])).toBeUndefined()
    expect(nearestName('tag', [])).toBeUndefined()
  })
})
