import { z } from 'zod'
import type { Duration } from './duration.ts'
import type { MemoryScopePart } from './effect-memory.ts'
import { defineTool, type Tool } from './tool.ts'

/** What a ready-made tool over the long-term memory takes. */
export interface MemoryToolOptions<Name extends string> {
  readonly name?: Name
  /** For the model. */
  readonly description?: string
  /** Where it reads and writes. A model cannot leave it. */
  readonly scope: readonly MemoryScopePart[]
}

/** What {@link recallTool} takes. */
export interface RecallToolOptions<Name extends string> extends MemoryToolOptions<Name> {
  /** Entries that a call gives at most, 1 to 100; default 5. */
  readonly limit?: number
}

/** What {@link rememberTool} takes. */
export interface RememberToolOptions<Name extends string> extends MemoryToolOptions<Name> {
  /** Default: what is remembered never expires. */
  readonly expiresIn?: Duration
  /** Of everything it writes; default none. */
  readonly tags?: readonly string[]
}

/** What a call of {@link recallTool} gives. */
export interface Recalled {
  /** Order: best first. `updatedAt` is UTC ISO-8601. */
  readonly entries: { readonly key: string; readonly value: string; readonly updatedAt: string }[]
}

const recallInput = z.object({ text: z.string() })
const recallOutput = z.object({
  entries: z.array(z.object({ key: z.string(), value: z.string(), updatedAt: z.string() })),
})
const rememberInput = z.object({ key: z.string(), text: z.string() })
const rememberOutput = z.object({ isNew: z.boolean() })

/**
 * A tool that searches the long-term memory by words: `idempotent`, it changes nothing. A value that is no text is given as JSON.
 *
 * @example
 * const recall = recallTool({ scope: ['preferences', { tag: 'customer' }] })
 */
export function recallTool<const Name extends string = 'recall'>(
  options: RecallToolOptions<Name>,
): Tool<Name, z.input<typeof recallInput>, Recalled> {
  const { scope, limit = 5, description = 'Searches what is remembered from earlier, by words.' } = options
  return defineTool({
    // The default of Name is this very text.
    name: options.name ?? ('recall' as Name),
    description,
    effect: 'idempotent',
    memory: { scope, access: 'read' },
    input: recallInput,
    output: recallOutput,
    async run({ text }, { memory }) {
      const { entries } = await memory.search(text, { limit })
      return {
        entries: entries.map(({ key, value, updatedAt }) => ({
          key,
          value: typeof value === 'string' ? value : JSON.stringify(value),
          updatedAt: new Date(updatedAt).toISOString(),
        })),
      }
    },
  })
}

/**
 * A tool that remembers a text under a key, over what was there: `keyed`, since a repeated call writes once.
 *
 * What a model remembers is read by models of later runs: let a person approve its calls where that matters (`toolRules`).
 *
 * @example
 * const remember = rememberTool({ scope: ['preferences', { tag: 'customer' }], expiresIn: '365d' })
 */
export function rememberTool<const Name extends string = 'remember'>(
  options: RememberToolOptions<Name>,
): Tool<Name, z.input<typeof rememberInput>, z.output<typeof rememberOutput>> {
  const {
    scope,
    expiresIn,
    tags,
    description = 'Remembers a text under a key, for later; the same key replaces it.',
  } = options
  return defineTool({
    // The default of Name is this very text.
    name: options.name ?? ('remember' as Name),
    description,
    effect: 'keyed',
    memory: { scope, access: 'write' },
    input: rememberInput,
    output: rememberOutput,
    async run({ key, text }, { memory }) {
      const kept = { ...(expiresIn !== undefined && { expiresIn }), ...(tags !== undefined && { tags }) }
      const { isNew } = await memory.put(key, text, kept)
      return { isNew }
    },
  })
}
