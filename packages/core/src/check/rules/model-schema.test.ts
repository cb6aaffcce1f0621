import { describe, expect, it } from 'vitest'
import { runRule } from '../../../test/graphs/run-rule.ts'
import { z } from 'zod'
import type { JsonObject } from '../../base/json.ts'
import type { GraphNotation } from '../../../test/graphs/graph-fixture.ts'
import { modelSchema } from './model-schema.ts'

describe('modelSchema', () => {
  function withOutput(schema: z.ZodType): GraphNotation {
    const outputSchema = z.toJSONSchema(schema) as JsonObject
    return { nodes: { draft: { kind: 'agent', outputSchema } }, edges: { draft: { done: ':end' } } }
  }

  it('refuses what structured output cannot express, with its path (K4)', () => {
    const schema = z.object({
      title: z.string().optional(),
      scores: z.record(z.string(), z.number()),
      items: z.array(z.object({ pair: z.tuple([z.string(), z.number()]) })),
      more: z.looseObject({ a: z.string() }),
      either: z.union([z.object({ a: z.string().optional() }), z.null()]),
    })
    expect(runRule(modelSchema, withOutput(schema))).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_MODEL_SCHEMA at fixture.nodes.draft
        the output schema of "draft" has an optional property at title, which a model cannot be asked for
        → Make "title" nullable instead: z.….nullable().
      error WAYSTONE_DEFINITION_MODEL_SCHEMA at fixture.nodes.draft
        the output schema of "draft" has a record at scores, which a model cannot be asked for
        → Use a list of objects with a key and a value.
      error WAYSTONE_DEFINITION_MODEL_SCHEMA at fixture.nodes.draft
        the output schema of "draft" has a tuple at items[0].pair, which a model cannot be asked for
        → Use an object with a property for each place, or a list of one type.
      error WAYSTONE_DEFINITION_MODEL_SCHEMA at fixture.nodes.draft
        the output schema of "draft" has an open object at more, which a model cannot be asked for
        → Use z.object({ … }) or z.strictObject({ … }), not a loose one.
      error WAYSTONE_DEFINITION_MODEL_SCHEMA at fixture.nodes.draft
        the output schema of "draft" has an optional property at either.a, which a model cannot be asked for
        → Make "a" nullable instead: z.….nullable()."
    `)
  })

  it('refuses a root that is no object', () => {
    expect(
      runRule(modelSchema, withOutput(z.union([z.object({ a: z.string() }), z.object({ b: z.string() })]))),
    ).toContain('a union at its root')
    expect(runRule(modelSchema, withOutput(z.array(z.string())))).toContain('no object at its root')
  })

  it('refuses arguments that are no object, for tools that a model is offered', () => {
    const found = runRule(modelSchema, {
      nodes: { draft: { kind: 'agent', tools: ['look'] }, alone: 'tool' },
      edges: { draft: { done: 'alone' }, alone: { done: ':end' } },
      tools: { look: { inputSchema: { type: 'string' } }, alone: { inputSchema: { type: 'string' } } },
    })
    expect(found).toMatchInlineSnapshot(`
      "error WAYSTONE_DEFINITION_MODEL_SCHEMA at fixture.tools.look
        the input schema of tool "look", which a model is offered, is not an object
        → Wrap the input in z.object({ … })."
    `)
  })

  it('passes nullable, nested unions, enums, numbers with bounds, lists, and plain text', () => {
    const schema = z.object({
      title: z.string().nullable(),
      kind: z.enum(['a', 'b']),
      count: z.int().min(0),
      items: z.array(
        z.discriminatedUnion('type', [
          z.object({ type: z.literal('x'), x: z.string() }),
          z.object({ type: z.literal('y') }),
        ]),
      ),
      any: z.unknown(),
    })
    expect(runRule(modelSchema, withOutput(schema))).toBe('')
    expect(runRule(modelSchema, { nodes: { draft: 'agent' }, edges: { draft: { done: ':end' } } })).toBe('')
  })
})
