import type { Model, ModelUsage } from '@waystone/core'
import { contractChecks, type ContractCheckName } from './contract-checks.ts'
import { createContractTalk, type ContractCheckOptions } from './contract-talk.ts'

/** What came of one check. */
export interface ContractResult {
  readonly name: ContractCheckName
  /** `skipped`: what it builds on does not work. */
  readonly outcome: 'works' | 'fails' | 'skipped'
  /** What was seen, in words. */
  readonly detail: string
  readonly durationMs: number
}

/** What a model can do. */
export interface ContractReport {
  readonly model: string
  /** Order: always the same. */
  readonly results: readonly ContractResult[]
  /** True when nothing fails and nothing was skipped. */
  readonly isWhole: boolean
  readonly calls: number
  /** Sum of what was reported; calls that said nothing are not in it. */
  readonly usage: ModelUsage
}

/**
 * Finds out what works with a model, by at most twelve small calls: text, usage, schema, tool call, tool result, several calls in
 * one turn, schema after tools, streaming, abort. For your own endpoint, before an agent depends on it.
 *
 * Costs what the calls cost: about 2,000 tokens.
 *
 * @example
 * const report = await contractCheck(openAiModel({ model: 'qwen3', api: 'chat', baseUrl: 'http://127.0.0.1:11434/v1', apiKey: null }))
 * console.log(formatContract(report))
 */
export async function contractCheck(model: Model, options: ContractCheckOptions = {}): Promise<ContractReport> {
  const { timeoutMs = 60_000 } = options
  const results: ContractResult[] = []
  const talk = createContractTalk(model, options)
  for (const { name, needs, run } of contractChecks) {
    const missing = needs.filter((need) => results.find((result) => result.name === need)?.outcome !== 'works')
    if (missing.length > 0) {
      results.push({ name, outcome: 'skipped', detail: `builds on ${missing.join(', ')}`, durationMs: 0 })
      continue
    }
    const startedAt = performance.now()
    const outcome = await talk.within(timeoutMs, run)
    results.push({ name, ...outcome, durationMs: Math.round(performance.now() - startedAt) })
    options.signal?.throwIfAborted()
  }
  const isWhole = results.every(({ outcome }) => outcome === 'works')
  return { model: model.name, results, isWhole, calls: talk.calls, usage: talk.usage }
}

/** A report for people: one line for each check. */
export function formatContract({ model, results, calls, usage }: ContractReport): string {
  const widest = Math.max(...results.map(({ name }) => name.length))
  const lines = results.map(({ name, outcome, detail }) => `${outcome.padEnd(7)}  ${name.padEnd(widest)}  ${detail}`)
  const tokens = `${usage.inputTokens} tokens in, ${usage.outputTokens} out`
  return [`model ${model}, ${calls} calls, ${tokens}`, ...lines].join('\n')
}
