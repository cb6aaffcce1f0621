import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { suites } from './suites.ts'

describe('suites', () => {
  it.each(suites)('have a test each: $name', ({ name }) => {
    expect(existsSync(new URL(`../../../test/simulation/${name}.test.ts`, import.meta.url))).toBe(true)
  })
})
