import { expect, it } from 'vitest'
import { modelSchemaFaults } from './schema-faults.ts'

it('finds nothing in an object whose properties are all required', () => {
  const schema = {
    type: 'object',
    properties: { name: { type: 'string' } },
    required: ['name'],
    additionalProperties: false,
  }
  expect(modelSchemaFaults(schema)).toEqual([])
})

it('names each place that strict output does not take, and what to write instead', () => {
  const schema = { type: 'object', properties: { name: { type: 'string' } } }
  expect(modelSchemaFaults(schema)).toEqual([
    { at: 'its root', found: 'an open object', hint: expect.stringContaining('strictObject') as string },
    { at: 'name', found: 'an optional property', hint: expect.stringContaining('nullable') as string },
  ])
})
