import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { InputError } from '../errors/input-error.ts'
import { canonicalJson, copyJson, formatPath, isJsonEqual, maxJsonDepth, takeJson, toJson, type Json } from './json.ts'

class Money {
  readonly amount = 1
}
class Items extends Array<number> {}

function nested(depth: number): unknown {
  let value: unknown = 'bottom'
  for (let level = 0; level < depth; level++) value = { in: value }
  return value
}

function cyclic(): unknown {
  const value: { [key: string]: unknown } = { list: [] }
  value['list'] = [{ back: value }]
  return value
}

function refusal(value: unknown): { readonly message: string; readonly path: unknown } {
  try {
    toJson(value, 'patch')
  } catch (error) {
    if (!InputError.isInstance(error)) throw error
    return { message: `${error.code} ${error.message}`, path: error.details['path'] }
  }
  throw new RangeError('it was accepted')
}

const matched: unknown = /b/.exec('abc')
const sparse: unknown[] = [1]
sparse[2] = 3

const refused: readonly (readonly [name: string, value: unknown, path: readonly (string | number)[], found: string])[] =
  [
    ['undefined', undefined, [], 'undefined at its root'],
    ['undefined in an object', { a: [{ b: undefined }] }, ['a', 0, 'b'], 'undefined at a[0].b'],
    ['a BigInt', { n: 12n }, ['n'], 'the BigInt 12n at n'],
    ['NaN', [1, Number.NaN], [1], 'NaN at [1]'],
    ['an infinity', { a: -Infinity }, ['a'], '-Infinity at a'],
    ['a function', { run: () => 1 }, ['run'], 'a function at run'],
    ['a symbol', { s: Symbol('x') }, ['s'], 'a symbol at s'],
    ['a symbol key', { a: { [Symbol('x')]: 1 } }, ['a'], 'a symbol key at a'],
    ['a Date', { at: new Date(0) }, ['at'], 'an instance of Date at at'],
    ['a Map', { m: new Map() }, ['m'], 'an instance of Map at m'],
    ['a Set', [new Set()], [0], 'an instance of Set at [0]'],
    ['bytes', { b: new Uint8Array(1) }, ['b'], 'an instance of Uint8Array at b'],
    ['an error', { e: new TypeError('x') }, ['e'], 'an instance of TypeError at e'],
    ['a promise', Promise.resolve(1), [], 'an instance of Promise at its root'],
    ['a class instance', { price: new Money() }, ['price'], 'an instance of Money at price'],
    ['a list of another class', { l: Items.from([1]) }, ['l'], 'an instance of Items at l'],
    ['a list with keys', { m: matched }, ['m'], 'a list with the key groups at m'],
    ['a list with holes', sparse, [1], 'undefined at [1]'],
    ['a boxed number', { n: Object(1) as unknown }, ['n'], 'an instance of Number at n'],
    ['a cycle', cyclic(), ['list', 0, 'back'], 'a cycle at list[0].back'],
    [
      '__proto__',
      JSON.parse('{"a":{"__proto__":{"x":1}}}'),
      ['a', '__proto__'],
      'a key named __proto__ at a.__proto__',
    ],
    [
      'a getter',
      {
        get a() {
          return 1
        },
      },
      ['a'],
      'a getter at a',
    ],
    ['a hidden key', Object.defineProperty({}, 'toJSON', { value: () => 1 }), ['toJSON'], 'a hidden key at toJSON'],
  ]

const anyJson = fc.jsonValue({ maxDepth: 4 }).filter((value) => !JSON.stringify(value).includes('__proto__'))

describe('toJson', () => {
  it.each(refused)('refuses %s and names the path', (_name, value, path, found) => {
    const { message, path: at } = refusal(value)
    expect(message).toContain(`WAYSTONE_INPUT_NOT_JSON patch: found ${found}; allowed are`)
    expect(at).toEqual(path)
  })

  it('accepts nesting to the limit and refuses one level more', () => {
    expect(toJson(nested(maxJsonDepth), 'it')).toBeTypeOf('object')
    expect(refusal(nested(maxJsonDepth + 2)).message).toContain(`nesting deeper than ${maxJsonDepth}`)
  })

  it('counts levels of values it has accepted before, so that nesting cannot grow from visit to visit', () => {
    let value: unknown = { bottom: true }
    const grow = (): void => {
      for (let count = 0; count < maxJsonDepth + 10; count++) value = toJson({ in: value }, 'it')
    }
    expect(grow).toThrow('nesting deeper than')
  })

  it('freezes deeply, in place (S1)', () => {
    const value = { list: [{ a: 1 }], text: 'x' }
    expect(toJson(value, 'it')).toBe(value)
    expect(Object.isFrozen(value.list[0])).toBe(true)
    expect(() => value.list.push({ a: 2 })).toThrow(TypeError)
  })

  it('accepts the same value in two places, and objects without prototype', () => {
    const shared = Object.assign(Object.create(null) as object, { a: 1 })
    expect(() => toJson({ left: shared, right: [shared, shared] }, 'it')).not.toThrow()
  })

  it('accepts names that plain objects answer to, and any text', () => {
    const value = { constructor: 1, toString: 'x', hasOwnProperty: null, '': 0, 'ü-\u{1F600}': '\uD800', 7: 'seven' }
    expect(JSON.parse(JSON.stringify(toJson(value, 'it')))).toEqual(value)
  })

  it('changes nothing of any JSON value', () => {
    fc.assert(
      fc.property(anyJson, (value) => {
        const text = JSON.stringify(value)
        expect(JSON.stringify(toJson(JSON.parse(text), 'it'))).toBe(text)
      }),
    )
  })
})

describe('takeJson', () => {
  it('copies and freezes what it is given, which stays as it is', () => {
    const shared = { id: 1 }
    const value = { list: [shared, shared], zero: -0 }
    const taken = takeJson(value, 'value') as unknown as typeof value
    expect(taken).toEqual({ list: [{ id: 1 }, { id: 1 }], zero: 0 })
    expect(Object.is(taken.zero, 0)).toBe(true)
    expect(taken.list[0]).not.toBe(taken.list[1])
    expect(Object.isFrozen(taken.list[0])).toBe(true)
    expect(Object.isFrozen(value)).toBe(false)
    expect(Object.isFrozen(shared)).toBe(false)
  })

  it('refuses what toJson refuses, with the same words', () => {
    const cycle: { self?: unknown } = {}
    cycle.self = cycle
    const hidden = Object.defineProperty({}, 'x', { value: 1, enumerable: false })
    const getter = Object.defineProperty({}, 'x', { get: () => 1, enumerable: true })
    const keyed = Object.assign([1], { extra: 2 })
    const proto = JSON.parse('{"__proto__": 1}') as unknown
    for (const bad of [
      1n,
      Number.NaN,
      undefined,
      new Date(0),
      cycle,
      hidden,
      getter,
      keyed,
      proto,
      Symbol('x'),
      Array.from({ length: 1 }) as unknown,
    ]) {
      const words = (check: (value: unknown, what: string) => unknown): string => {
        try {
          check({ at: [bad] }, 'value')
        } catch (error) {
          return error instanceof Error ? error.message : ''
        }
        return 'accepted'
      }
      expect(words(takeJson)).toBe(words(toJson))
      expect(words(takeJson)).toContain('at at[0]')
    }
  })
})

describe('copyJson', () => {
  it('shares nothing with the value nor with itself, and keeps the order of keys', () => {
    const shared = { z: 1, a: [2] }
    const value = toJson({ left: shared, right: shared }, 'it') as { readonly left: Json; readonly right: Json }
    const copy = copyJson(value) as typeof value
    expect(JSON.stringify(copy)).toBe(JSON.stringify(value))
    expect(copy.left).not.toBe(shared)
    expect(copy.left).not.toBe(copy.right)
    expect(Object.isFrozen(copy.right)).toBe(true)
  })
})

describe('canonicalJson', () => {
  it('sorts keys at every level by code unit and writes no white space', () => {
    expect(canonicalJson({ b: 1, B: [{ d: null, c: 'x' }], é: true, 10: 0, 9: 1 })).toBe(
      '{"10":0,"9":1,"B":[{"c":"x","d":null}],"b":1,"é":true}',
    )
  })

  it('gives one text for equal values, whatever the order of their keys', () => {
    fc.assert(
      fc.property(anyJson, (given) => {
        const value = JSON.parse(JSON.stringify(given)) as Json
        expect(JSON.parse(canonicalJson(value))).toEqual(value)
        expect(canonicalJson(reversed(value))).toBe(canonicalJson(value))
        expect(isJsonEqual(reversed(value), value)).toBe(true)
      }),
    )
  })
})

function reversed(value: Json): Json {
  if (Array.isArray(value)) return (value as readonly Json[]).map(reversed)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([key, item]) => [key, reversed(item)]),
  )
}

describe('formatPath', () => {
  it('writes plain keys with dots, positions in brackets, other keys quoted', () => {
    expect(formatPath(['orders', 2, 'id'])).toBe('orders[2].id')
    expect(formatPath([0, 'a b', '', '7', 'x-y'])).toBe('[0]["a b"][""]["7"].x-y')
    expect(formatPath([])).toBe('')
  })
})
