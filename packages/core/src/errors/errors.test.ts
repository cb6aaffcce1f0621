import { describe, expect, it } from 'vitest'
import { errorCodes } from './codes.ts'
import { DefinitionError, formatPlace } from './definition-error.ts'
import { describeThrown } from './describe-thrown.ts'
import { inputError, InputError } from './input-error.ts'
import { invariantError, InvariantError } from './invariant-error.ts'
import { nodeError, NodeError, nodeFailure } from './node-error.ts'
import { replayError, ReplayError } from './replay-error.ts'
import { storeError, StoreError } from './store-error.ts'
import { WaystoneError } from './waystone-error.ts'

const issue = {
  code: 'WAYSTONE_DEFINITION_NO_END',
  message: 'node a cannot reach an end',
  hint: 'Add an edge.',
  place: { path: 'w.nodes.a', file: 'src/w.ts', line: 7, column: 3 },
} as const

const families = [
  ['definition', DefinitionError, new DefinitionError([issue])],
  ['input', InputError, inputError('WAYSTONE_INPUT_PATH', 'no such path', { path: ['a'] })],
  ['node', NodeError, nodeError('WAYSTONE_NODE_TIMEOUT', 'too slow', { retryable: true, details: { ms: 5 } })],
  ['store', StoreError, storeError('WAYSTONE_STORE_CONFLICT', 'another owner')],
  ['replay', ReplayError, replayError('WAYSTONE_REPLAY_GRAPH_DIFFERS', 'another graph')],
  ['bug', InvariantError, invariantError('WAYSTONE_BUG_FORK', 'a fork was not applied', { runId: 'r' })],
] as const

describe('errors', () => {
  it.each(families)('of family %s are told apart from all others', (family, type, error) => {
    for (const [other, otherType] of families) expect(otherType.isInstance(error)).toBe(other === family)
    expect(WaystoneError.isInstance(error)).toBe(true)
    expect(errorCodes[error.code].family).toBe(family)
    expect(error).toBeInstanceOf(type)
    expect(error.name).toBe(type.name)
  })

  it('are known by their mark, also from another copy of the package', () => {
    const copy = Object.assign(new RangeError('x'), { [Symbol.for('waystone.error')]: 'store' })
    expect(StoreError.isInstance(copy)).toBe(true)
    for (const other of [undefined, null, 'store', new RangeError('x'), {}])
      expect(WaystoneError.isInstance(other)).toBe(false)
  })

  it('store name, code, message and details, and nothing that changes from run to run', () => {
    expect(families.map(([, , error]) => JSON.parse(JSON.stringify(error)) as unknown)).toEqual([
      {
        name: 'DefinitionError',
        code: issue.code,
        message: expect.any(String) as string,
        details: { issues: [issue] },
      },
      { name: 'InputError', code: 'WAYSTONE_INPUT_PATH', message: 'no such path', details: { path: ['a'] } },
      {
        name: 'NodeError',
        code: 'WAYSTONE_NODE_TIMEOUT',
        message: 'too slow',
        failure: 'timeout',
        retryable: true,
        details: { ms: 5 },
      },
      { name: 'StoreError', code: 'WAYSTONE_STORE_CONFLICT', message: 'another owner', failure: 'conflict' },
      { name: 'ReplayError', code: 'WAYSTONE_REPLAY_GRAPH_DIFFERS', message: 'another graph' },
      { name: 'InvariantError', code: 'WAYSTONE_BUG_FORK', message: 'a fork was not applied', details: { runId: 'r' } },
    ])
  })

  it('keep their cause', () => {
    const cause = new RangeError('underneath')
    expect(inputError('WAYSTONE_INPUT_PATH', 'x', {}, cause).cause).toBe(cause)
    expect(nodeError('WAYSTONE_NODE_THREW', 'x', { cause }).cause).toBe(cause)
    expect('cause' in storeError('WAYSTONE_STORE_FULL', 'x')).toBe(false)
  })

  it('of a node say whether to try again, and when', () => {
    expect(nodeError('WAYSTONE_NODE_THREW', 'x')).toMatchObject({ retryable: false, retryAfterMs: undefined })
    expect(nodeError('WAYSTONE_NODE_THREW', 'x', { retryable: true, retryAfterMs: 9 })).toMatchObject({
      retryable: true,
      retryAfterMs: 9,
    })
  })

  it('of a node are named by who throws them, else by their code', () => {
    expect(nodeError('WAYSTONE_NODE_BAD_OUTPUT', 'x').failure).toBe('bad-output')
    expect(nodeError('WAYSTONE_NODE_THREW', 'x').failure).toBeUndefined()
    expect(nodeFailure('x', { failure: 'conflict' }).toJSON()).toMatchObject({ failure: 'conflict' })
  })

  it('of a definition name every issue with its place and what to do', () => {
    const second = { ...issue, message: 'node b too', place: { path: 'w.nodes.b' } }
    expect(new DefinitionError([issue, second]).message).toMatchInlineSnapshot(`
      "src/w.ts:7 w.nodes.a: node a cannot reach an end (WAYSTONE_DEFINITION_NO_END)
        Add an edge.
      w.nodes.b: node b too (WAYSTONE_DEFINITION_NO_END)
        Add an edge."
    `)
    expect(formatPlace({ path: 'w', file: 'w.ts' })).toBe('w.ts w')
  })
})

describe('describeThrown', () => {
  it('has words for anything', () => {
    const trapped = new Proxy(new RangeError('x'), {
      get: () => {
        throw new RangeError('trapped')
      },
    })
    const thrown = [new RangeError('oops'), 'text', undefined, 7, Symbol('s'), Object.create(null), trapped]
    expect(thrown.map(describeThrown)).toEqual([
      'oops',
      'text',
      'undefined',
      '7',
      'Symbol(s)',
      'a value that cannot be shown',
      'a value that cannot be shown',
    ])
  })
})
