import type { ModelCallOptions, ModelRequest, ModelResponse } from '@waystone/core'
import { describe, expect, it } from 'vitest'
import { scriptedModel, type ScriptedModel } from './scripted-model.ts'

const request: ModelRequest = {
  instructions: 'Be brief.',
  messages: [],
  tools: [],
  output: null,
  maxOutputTokens: null,
}

function optionsFor(node: string): ModelCallOptions {
  return {
    signal: new AbortController().signal,
    effectId: `run/${node}`,
    node,
    attempt: 1,
    onToken: () => {},
    secret: () => Promise.resolve(''),
  }
}

const ask = (model: ScriptedModel, node: string): Promise<ModelResponse> => model.call(request, optionsFor(node))

describe('scriptedModel', () => {
  it('answers each node in its own order (D1)', async () => {
    const model = scriptedModel({ draft: ['one', 'two'], review: [{ output: { pass: true } }] })
    expect((await ask(model, 'draft')).message.content).toEqual([{ type: 'text', text: 'one' }])
    expect((await ask(model, 'review')).message.content).toEqual([{ type: 'text', text: '{"pass":true}' }])
    expect((await ask(model, 'draft')).message.content).toEqual([{ type: 'text', text: 'two' }])
    expect(model.calls.map(({ node, index }) => `${node} ${index}`)).toEqual(['draft 0', 'review 0', 'draft 1'])
    model.assertComplete()
  })

  it('asks for tools with ids of their own', async () => {
    const model = scriptedModel({
      a: [
        {
          calls: [
            { name: 'find', arguments: { q: 1 } },
            { name: 'find', arguments: {}, id: 'mine' },
          ],
        },
      ],
    })
    const { message, finish, usage } = await ask(model, 'a')
    expect(message.calls).toEqual([
      { id: 'call-0-0', name: 'find', arguments: { q: 1 } },
      { id: 'mine', name: 'find', arguments: {} },
    ])
    expect(finish).toBe('tool-calls')
    expect(usage).toEqual({ inputTokens: 100, outputTokens: 20, cachedTokens: 0, reasoningTokens: 0 })
  })

  it('throws errors, calls functions, passes whole responses and missing usage', async () => {
    const response: ModelResponse = {
      message: { role: 'assistant', content: [], calls: [] },
      finish: 'refusal',
      usage: null,
      model: 'other',
    }
    const model = scriptedModel({
      a: [
        new RangeError('down'),
        (asked) => ({ text: asked.instructions, usage: null, finish: 'length' }),
        { response },
      ],
    })
    await expect(ask(model, 'a')).rejects.toThrow('down')
    expect(await ask(model, 'a')).toMatchObject({
      finish: 'length',
      usage: null,
      message: { content: [{ text: 'Be brief.' }] },
    })
    expect(await ask(model, 'a')).toBe(response)
  })

  it('fails a call beyond the script with its index, and the assertion too (D1)', async () => {
    const model = scriptedModel({ a: ['only'] })
    await ask(model, 'a')
    await expect(ask(model, 'a')).rejects.toMatchObject({
      code: 'WAYSTONE_NODE_SCRIPT_ENDED',
      retryable: false,
      message: 'node a made call 1; the script has 1 answer for it',
    })
    expect(() => model.assertComplete()).toThrow('node a made call 1; the script has 1 answer for it')
  })

  it('fails a call of a node it does not know, also one named like a method', async () => {
    const model = scriptedModel({ a: [] })
    await expect(ask(model, 'toString')).rejects.toThrow('node toString made call 0; the script has answers for a only')
    await expect(ask(scriptedModel({}), 'a')).rejects.toThrow('the script has answers for no node only')
  })

  it('names every answer that was left over (D1)', async () => {
    const model = scriptedModel({ a: ['one', 'two', 'three'], b: ['four'] })
    await ask(model, 'a')
    let thrown: unknown
    try {
      model.assertComplete()
    } catch (error) {
      thrown = error
    }
    expect(thrown).toMatchObject({
      code: 'WAYSTONE_INPUT_SCRIPT_UNUSED',
      message:
        'the script of model scripted does not fit: node a never made call 1; node a never made call 2; node b never made call 0',
    })
  })
})
