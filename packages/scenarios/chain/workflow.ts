import { defineState, END, rule, type Workflow } from '@waystone/core'
import { seededRandom } from '@waystone/testing'
import { z } from 'zod'

/**
 * One task after the other, each of which adds its name to `lines`.
 *
 * @param names - of the nodes, in order
 * @param perform - called when a node's work is done
 * @param padding - characters that each line has beside, and that no compression makes less of
 */
export function chain(
  names: readonly string[],
  perform: (node: string) => void,
  padding = 0,
): Workflow<{ lines: string[] }> {
  const w = defineState({ lines: rule.append(z.string()) })
  const task = (name: string) =>
    w.task({
      effect: 'idempotent',
      writes: ['lines'],
      run() {
        perform(name)
        return { lines: [padding === 0 ? name : `${name} ${noise(name, padding)}`] }
      },
    })
  const n = w.nodes(Object.fromEntries(names.map((name) => [name, task(name)])))
  const [first = ''] = names
  const start = n[first]
  if (start === undefined) throw new RangeError('a chain has at least one node')
  const edges = Object.fromEntries(names.map((name, index) => [name, { done: n[names[index + 1] ?? ''] ?? END }]))
  return w.workflow('chain', {
    input: z.object({ lines: z.array(z.string()) }),
    output: ['lines'],
    nodes: n,
    start,
    edges,
  })
}

function noise(seed: string, length: number): string {
  const random = seededRandom(seed)
  return Array.from({ length }, () => String.fromCharCode(random.integer(48, 111))).join('')
}
