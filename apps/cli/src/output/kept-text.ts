import type { KeptByPatch } from '@waystone/core'
import { printableLine } from './printable.ts'
import type { Context } from '../command.ts'

/** Says what goes on as it was begun although a patch has changed what it was made from, and what to do about it. */
export function keptLines(kept: readonly KeptByPatch[], runId: string, { style, advise }: Context): readonly string[] {
  return kept.flatMap(({ node, kind, step, keys, begunAt }) => {
    const name = printableLine(node)
    const changed = keys.map((key) => printableLine(key)).join(', ')
    const what =
      kind === 'map'
        ? `map ${name} is under way: its items are those of the list that step ${step} made before ${changed} was patched`
        : `${name} is under way: its nested workflow works on what it was given before ${changed} was patched (step ${step})`
    return [
      `${style('warn', 'warning')}  ${what}.`,
      `         To begin it anew: ${advise(`fork ${runId} --at ${begunAt} --patch JSON`)}, or redirect the run to ${name} if that is redirectable.`,
    ]
  })
}
