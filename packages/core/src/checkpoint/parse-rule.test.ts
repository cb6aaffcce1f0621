import { describe, expect, it } from 'vitest'
import { parseStoredRule } from './parse-rule.ts'

const rule = {
  id: 'a/1',
  scope: 'workflow',
  outcome: 'approved',
  node: 'clerk',
  tool: 'send',
  arguments: null,
  digest: 'd',
  by: 'ada',
  reason: 'known',
  at: 1,
}
const revoked = { by: 'ops', reason: 'too much', at: 5 }

function read(change: { readonly rule?: string; readonly revoked?: string }): unknown {
  return parseStoredRule({ workflow: 'letters', rule: JSON.stringify(rule), revoked: null, ...change })
}

describe('parseStoredRule', () => {
  it('gives back what was stored, also what a newer Waystone said more', () => {
    expect(read({})).toEqual({ workflow: 'letters', rule, revoked: null })
    expect(read({ rule: JSON.stringify({ ...rule, times: 3 }), revoked: JSON.stringify(revoked) })).toEqual({
      workflow: 'letters',
      rule: { ...rule, times: 3 },
      revoked,
    })
  })

  it.each([
    ['is no JSON', { rule: '{' }, 'it is not JSON'],
    ['is nothing', { rule: 'null' }, 'expected object, received null'],
    ['decides what no rule decides', { rule: JSON.stringify({ ...rule, outcome: 'edited' }) }, 'at outcome'],
    ['was made by nobody', { rule: JSON.stringify({ ...rule, by: undefined }) }, 'at by'],
    ['was revoked by nobody', { revoked: '{}' }, 'at by'],
  ])('refuses one that %s', (_, change, why) => {
    expect(() => read(change)).toThrow(
      expect.objectContaining({
        code: 'WAYSTONE_STORE_CORRUPT',
        message: expect.stringContaining(why) as string,
        details: { workflow: 'letters' },
      }),
    )
  })
})
