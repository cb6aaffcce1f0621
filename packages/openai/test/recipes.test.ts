import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { createRuntime, type Model } from '@waystone/core'
import { afterEach, describe, expect, it } from 'vitest'
import { aiSdkModel, contractCheck, formatContract, openAiModel, openAiPrices } from '../src/index.ts'
import { callOnce, closeLabs, key, labWith } from './ask.ts'

afterEach(closeLabs)

describe('recipes', () => {
  it('OpenAI', async () => {
    // #region openai
    const runtime = createRuntime({
      models: { fast: openAiModel({ model: 'gpt-6-luna', api: 'responses', promptCacheKey: 'support' }) },
      prices: openAiPrices,
    })
    // #endregion openai
    expect(openAiPrices['gpt-6-luna']).toEqual({ inputUsd: 0.1, cachedInputUsd: 0.01, outputUsd: 0.5 })
    await runtime.close()
  })

  it('other servers', () => {
    // #region ollama
    const ollama = openAiModel({ model: 'qwen3', api: 'chat', baseUrl: 'http://127.0.0.1:11434/v1', apiKey: null })
    // #endregion ollama
    // #region vllm
    const vllm = openAiModel({
      model: 'Qwen/Qwen3-32B',
      api: 'chat',
      baseUrl: 'http://gpu.internal:8000/v1',
      apiKey: 'VLLM_API_KEY',
      outputMode: 'final-schema-turn',
    })
    // #endregion vllm
    // #region openrouter
    const openRouter = openAiModel({
      model: 'anthropic/claude-sonnet-5',
      api: 'chat',
      baseUrl: 'https://openrouter.ai/api/v1',
      apiKey: 'OPENROUTER_API_KEY',
      extraBody: { provider: { require_parameters: true } },
    })
    // #endregion openrouter
    // #region azure
    const azure = openAiModel({
      model: 'my-deployment',
      api: 'responses',
      baseUrl: 'https://my-resource.openai.azure.com/openai/v1',
      apiKey: 'AZURE_OPENAI_API_KEY',
    })
    // #endregion azure
    const names = [ollama, vllm, openRouter, azure].map(({ name }) => name)
    expect(names).toEqual(['qwen3', 'Qwen/Qwen3-32B', 'anthropic/claude-sonnet-5', 'my-deployment'])
  })

  it('a provider of the AI SDK', async () => {
    const lab = await labWith('pong')
    const url = lab.url
    // #region ai-sdk
    const provider = createOpenAICompatible({ name: 'my-provider', baseURL: url, apiKey: key })
    const careful = aiSdkModel(provider.chatModel('some-model'), { temperature: 0 })
    // #endregion ai-sdk
    expect((await callOnce(careful)).message.content).toEqual([{ type: 'text', text: 'pong' }])
  })

  it('the contract check', async () => {
    const lab = await labWith()
    const model: Model = openAiModel({ model: 'small', api: 'chat', baseUrl: lab.url, apiKey: null })
    const printed: string[] = []
    const print = (text: string): void => void printed.push(text)
    // #region contract
    const report = await contractCheck(model)
    print(formatContract(report))
    // #endregion contract
    expect(printed.join('\n')).toContain('fails')
  })
})
