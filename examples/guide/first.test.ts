// #region file
import { buildGraph, check } from '@waystone/core'
import { expect, it } from 'vitest'
import { support } from './support.ts'

it('is checked without a finding', () => {
  expect(check(buildGraph(support)).findings).toEqual([])
})
// #endregion file
