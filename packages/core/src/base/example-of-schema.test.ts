import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import type { JsonObject } from './json.ts'
import { exampleOfSchema } from './example-of-schema.ts'

const Tree: z.ZodType = z.lazy(() => z.object({ name: z.string(), children: z.array(Tree) }))

describe('an example of a schema', () => {
  it.each([
    ['an object, what is required of it', z.object({ receipt: z.string(), note: z.string().optional() })],
    ['lists with a least length', z.object({ lines: z.array(z.object({ usd: z.number().positive() })).min(1) })],
    ['numbers within bounds', z.object({ a: z.int(), b: z.number().min(3), c: z.number().max(-1), d: z.int().gt(0) })],
    ['choices', z.object({ kind: z.enum(['post', 'mail']), is: z.literal(7), or: z.union([z.null(), z.string()]) })],
    ['defaults', z.object({ times: z.number().default(2) })],
    ['formats', z.object({ at: z.iso.datetime(), day: z.iso.date(), mail: z.email(), id: z.uuid(), url: z.url() })],
    ['what names itself', Tree],
    ['both of two', z.intersection(z.object({ a: z.string() }), z.object({ b: z.boolean() }))],
    ['records', z.record(z.string(), z.number())],
    ['nothing', z.null()],
  ])('fits it: %s', (_name, schema) => {
    const example = exampleOfSchema(z.toJSONSchema(schema) as JsonObject)
    expect(schema.safeParse(example)).toMatchObject({ success: true })
  })

  it('is to be typed over', () => {
    expect(exampleOfSchema(z.toJSONSchema(z.object({ receipt: z.string(), usd: z.int() })) as JsonObject)).toEqual({
      receipt: '…',
      usd: 0,
    })
    expect(exampleOfSchema({})).toBeNull()
    expect(exampleOfSchema({ $ref: '#/$defs/none' })).toBeNull()
  })
})
