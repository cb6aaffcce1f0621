import { defineTool, nodeFailure } from '@waystone/core'
import { z } from 'zod'
import { CollectError, Collected, CollectInput, collectCommits } from './git/collect.ts'
import { NotOursError, writeNotes } from './write-notes.ts'

/** Reads the commits of a range with git. Runs git and changes nothing; asked again it may see newer commits. */
export const collectTool = defineTool({
  name: 'collect-commits',
  description: 'Reads the commits of a range of a git repository, with the kinds of files each touches.',
  effect: 'idempotent',
  input: CollectInput,
  output: Collected,
  timeout: '2m',
  async run(input, context) {
    try {
      const collected = await collectCommits(input, context.signal)
      context.source(`git:${collected.range.project}@${collected.range.head}`)
      context.log(
        `${collected.range.commits} commits of ${collected.range.project}, ${collected.range.from || 'the beginning'}..${collected.range.to}`,
      )
      return collected
    } catch (error) {
      throw lasting(error)
    }
  },
})

/** Writes the notes to a file. Told apart by effect id: the same effect again does nothing. */
export const writeTool = defineTool({
  name: 'write-notes',
  description: 'Writes release notes to a file, all of it or nothing; never over a file that it did not write.',
  effect: 'keyed',
  input: z.object({ file: z.string().min(1), notes: z.string().min(1) }),
  output: z.object({ file: z.string(), bytes: z.number(), effectId: z.string(), wasThere: z.boolean() }),
  timeout: '30s',
  async run({ file, notes }, context) {
    try {
      const written = await writeNotes(file, notes, { effectId: context.effectId, signal: context.signal })
      context.log(`${written.wasThere ? 'found' : 'wrote'} ${file}, ${written.bytes} bytes`)
      return written
    } catch (error) {
      throw lasting(error)
    }
  },
})

/** What another attempt cannot mend is said to be so; anything else is left as it is. */
function lasting(error: unknown): unknown {
  if (!(error instanceof CollectError || error instanceof NotOursError)) return error
  return nodeFailure(error.message, { retryable: false, cause: error })
}
