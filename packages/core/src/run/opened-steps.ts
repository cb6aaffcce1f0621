import { nodePath } from '../base/node-path.ts'
import type { Checkpoint } from '../snapshot/checkpoint.ts'
import { patchParts } from '../snapshot/patch-parts.ts'
import type { OpenStep } from '../snapshot/snapshot.ts'

/** What a checkpoint says about one step of the ledger of open steps: all of it when the step is new, else what changed. */
export interface OpenedStep {
  readonly step: number
  readonly isNew: boolean
  readonly open: Partial<OpenStep>
  /** The steps that hold the nested workflow it is of, outermost first. */
  readonly within: readonly number[]
}

/** The steps that a checkpoint opened or changed, read from its patch; nodes of nested workflows by path. Order: by step. */
export function openedSteps(checkpoint: Checkpoint): readonly OpenedStep[] {
  const found = new Map<number, OpenedStep>()
  for (const { verb, path, value, within, steps } of patchParts(checkpoint)) {
    if (verb !== 'set' || path[0] !== 'open') continue
    const put = (step: number, given: Partial<OpenStep>, isNew: boolean): void => {
      const before = found.get(step)
      const open = given.node === undefined ? given : { ...given, node: nodePath(within, given.node) }
      found.set(step, {
        step,
        isNew: isNew || before?.isNew === true,
        open: { ...before?.open, ...open },
        within: steps,
      })
    }
    const [, index, part] = path
    // The ledger's entries are open steps by construction.
    if (index === undefined)
      for (const [key, open] of Object.entries(Object(value) as { [step: string]: OpenStep }))
        put(Number(key), open, true)
    else if (part === undefined) put(Number(index), value as unknown as OpenStep, true)
    else put(Number(index), { [String(part)]: value }, false)
  }
  return [...found.values()].toSorted((left, right) => left.step - right.step)
}
