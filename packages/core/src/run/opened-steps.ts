import { resolveValue } from '../snapshot/apply-patch.ts'
import type { Checkpoint } from '../snapshot/checkpoint.ts'
import type { OpenStep } from '../snapshot/snapshot.ts'

/** What a checkpoint says about one step of the ledger of open steps: all of it when the step is new, else what changed. */
export interface OpenedStep {
  readonly step: number
  readonly isNew: boolean
  readonly open: Partial<OpenStep>
}

/** The steps that a checkpoint opened or changed, read from its patch. Order: by step. */
export function openedSteps({ patch, event }: Checkpoint): readonly OpenedStep[] {
  const found = new Map<number, OpenedStep>()
  const put = (step: number, open: Partial<OpenStep>, isNew: boolean): void => {
    const before = found.get(step)
    found.set(step, { step, isNew: isNew || before?.isNew === true, open: { ...before?.open, ...open } })
  }
  for (const operation of patch) {
    const [verb, path] = operation
    if (verb !== 'set' || path[0] !== 'context' || path[1] !== 'open') continue
    const value = resolveValue(operation[2], event)
    const [, , index, part] = path
    // The ledger's entries are open steps by construction.
    if (index === undefined)
      for (const [key, open] of Object.entries(Object(value) as { [step: string]: OpenStep }))
        put(Number(key), open, true)
    else if (part === undefined) put(Number(index), value as unknown as OpenStep, true)
    else put(Number(index), { [String(part)]: value }, false)
  }
  return [...found.values()].toSorted((left, right) => left.step - right.step)
}
