import { describe, expect, it } from 'vitest'
import { runRule } from '../../../test/graphs/run-rule.ts'
import { secretName } from './secret-name.ts'

describe('secretName', () => {
  it('refuses a malformed name without printing it (S6)', () => {
    const found = runRule(secretName, {
      nodes: { pay: 'tool' },
      edges: { pay: { done: ':end' } },
      tools: { pay: { effect: 'unsafe', secrets: ['STRIPE_KEY', 'sk live/51Hx:AbC'] } },
    })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_SECRET_NAME at fixture.tools.pay
        secret 2 of tool "pay" has a malformed name of 16 characters
        → Name it by letters, digits, _ . and -, beginning with a letter, 64 at most, e.g. STRIPE_KEY; the value itself must not stand here."
    `)
    expect(found).not.toContain('51Hx')
  })

  it('passes names of variables and of vault entries', () => {
    const found = runRule(secretName, {
      nodes: { pay: 'tool' },
      edges: { pay: { done: ':end' } },
      tools: { pay: { secrets: ['STRIPE_KEY', 'stripe.live-key'] } },
    })
    expect(found).toBe('')
  })
})
