import { chain } from './workflow.ts'

const names = Array.from({ length: 40 }, (_, index) => `node${index}`)

/** A chain whose checkpoints soon fill a small disk. */
export const bigChain = chain(names, (node) => void process.stdout.write(`performed ${node}\n`), 20_000)
