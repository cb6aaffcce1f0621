import { resolve } from 'node:path'
import { setOptionFolder } from '@waystone/core'
import { afterEach, describe, expect, it } from 'vitest'
import { readOptions } from './read-options.ts'

afterEach(() => setOptionFolder(() => undefined))

describe('readOptions', () => {
  it('fixes where the folder is: below the project that is loaded, else below the working folder', () => {
    const options = { root: 'checkout', allow: ['ls'] }
    expect(readOptions(options).root).toBe(resolve('checkout'))
    setOptionFolder(() => resolve('/project'))
    expect(readOptions(options).root).toBe(resolve('/project/checkout'))
  })
})
