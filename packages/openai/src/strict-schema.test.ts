import { expect, it } from 'vitest'
import { strictSchemaOf } from './strict-schema.ts'

const text = { type: 'string' }

it('leaves a schema that fits as it is', () => {
  const schema = { type: 'object', properties: { a: text }, required: ['a'], additionalProperties: false }
  expect(strictSchemaOf(schema)).toEqual(schema)
})

it('closes objects that do not say, at every depth', () => {
  const inner = { type: 'object', properties: { b: text }, required: ['b'] }
  const schema = { type: 'object', properties: { a: { type: 'array', items: inner } }, required: ['a'] }
  expect(strictSchemaOf(schema)).toEqual({
    type: 'object',
    properties: { a: { type: 'array', items: { ...inner, additionalProperties: false } } },
    required: ['a'],
    additionalProperties: false,
  })
})

it('writes unions as anyOf, and leaves out what only refines', () => {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    type: 'object',
    properties: {
      either: { oneOf: [text, { type: 'null' }], default: null },
      day: { type: 'string', format: 'date', pattern: '^\\d' },
      link: { type: 'string', format: 'uri' },
      oneOf: { const: { oneOf: 1 } },
    },
    required: ['either', 'day', 'link', 'oneOf'],
  }
  expect(strictSchemaOf(schema)).toMatchObject({
    properties: {
      either: { anyOf: [text, { type: 'null' }] },
      day: { type: 'string', format: 'date' },
      link: { type: 'string' },
      oneOf: { const: { oneOf: 1 } },
    },
  })
  expect(JSON.stringify(strictSchemaOf(schema))).not.toMatch(/pattern|default|schema"|uri/)
})

it('takes an object without properties', () => {
  expect(strictSchemaOf({ type: 'object' })).toEqual({
    type: 'object',
    properties: {},
    required: [],
    additionalProperties: false,
  })
})

it.each([
  ['an optional property', { type: 'object', properties: { a: text } }],
  ['a record', { type: 'object', additionalProperties: text, propertyNames: text }],
  ['an open object', { type: 'object', properties: {}, additionalProperties: {} }],
  ['a root that is no object', { anyOf: [{ type: 'object' }] }],
  ['an intersection', { type: 'object', properties: { a: { allOf: [text] } }, required: ['a'] }],
  ['a negation', { type: 'object', properties: { a: { not: text } }, required: ['a'] }],
])('has no strict form of %s', (_, schema) => {
  expect(strictSchemaOf(schema)).toBeNull()
})
