import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { jsonSchemaOf, schemaProblems, unwrapOptional } from './zod-json.ts'

const strict = { side: 'output', isOpenAllowed: false } as const

/** A schema that holds itself. */
const Tree = z.object({
  name: z.string(),
  get children() {
    return z.array(Tree)
  },
})

describe('schemaProblems', () => {
  it('finds nothing in schemas of JSON, also recursive ones', () => {
    const fine = [
      z.object({ a: z.string().optional(), b: z.number().nullable(), c: z.literal(['x', 1, true, null]) }),
      z.record(z.string(), z.array(z.boolean())),
      z.tuple([z.string(), z.int()]),
      z.discriminatedUnion('kind', [z.object({ kind: z.literal('a') }), z.object({ kind: z.literal('b') })]),
      z.intersection(z.object({ a: z.string() }), z.object({ b: z.enum(['x', 'y']) })),
      z.json(),
      Tree,
      z.templateLiteral(['order-', z.number()]),
      z.string().trim().toLowerCase(),
      z.string().brand<'Order'>(),
      z.email().readonly(),
      z.string().pipe(z.email()),
    ]
    expect(fine.flatMap((schema) => schemaProblems(schema, strict))).toEqual([])
  })

  it('names the place of a problem', () => {
    const schema = z.object({ orders: z.array(z.object({ at: z.date() })), table: z.record(z.string(), z.bigint()) })
    expect(schemaProblems(schema, strict)).toEqual([
      { path: 'orders[].at', found: 'z.date()' },
      { path: 'table.{}', found: 'z.bigint()' },
    ])
  })

  it('refuses absence where JSON has none', () => {
    expect(schemaProblems(z.array(z.string().optional()), strict)).toHaveLength(1)
    expect(schemaProblems(z.record(z.string(), z.string().optional()), strict)).toHaveLength(1)
    expect(schemaProblems(z.string().optional(), strict)).toEqual([])
  })

  it('looks at what comes before a transform on the input side', () => {
    const input = { side: 'input', isOpenAllowed: true } as const
    const date = z.iso.datetime().transform((text) => new Date(text))
    expect(schemaProblems(date, input)).toEqual([])
    expect(schemaProblems(z.unknown(), input)).toEqual([])
    expect(schemaProblems(date, strict)).toEqual([{ path: '', found: 'a transform' }])
  })
})

describe('jsonSchemaOf', () => {
  it('is plain JSON without a schema of its own', () => {
    const schema = jsonSchemaOf(z.object({ id: z.string().default('x') }), 'input')
    expect(schema).toEqual({ type: 'object', properties: { id: { type: 'string', default: 'x' } } })
    expect(jsonSchemaOf(Tree, 'output')).toMatchObject({ type: 'object', required: ['name', 'children'] })
  })
})

describe('unwrapOptional', () => {
  it('tells absence from null', () => {
    expect(unwrapOptional(z.string()).isOptional).toBe(false)
    expect(unwrapOptional(z.string().nullable()).isOptional).toBe(false)
    const both = unwrapOptional(z.string().nullable().optional().optional())
    expect(both.isOptional).toBe(true)
    expect(both.schema.safeParse(undefined).success).toBe(false)
    expect(both.schema.safeParse(null).success).toBe(true)
  })
})
