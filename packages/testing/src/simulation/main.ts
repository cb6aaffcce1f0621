// The command behind `npm run simulate`: one seed with its trace, the seeds that failed once, or many new ones.
import { parseArgs } from 'node:util'
import { Coverage } from './coverage.ts'
import { keepFailingSeed, readFailingSeeds } from './failing-seeds.ts'
import { simulate, type SimulationReport } from './simulate.ts'

const help = `Runs simulations of Waystone from seeds.

  npm run simulate -- 117            one seed, with its trace
  npm run simulate -- --failing      every seed that failed once (packages/testing/seeds/failing.json)
  npm run simulate -- --seeds 5000   seeds from 1 on, with the coverage; failing ones are kept
  npm run simulate -- --seeds 100 --from 5001
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    failing: { type: 'boolean' },
    seeds: { type: 'string' },
    from: { type: 'string', default: '1' },
    help: { type: 'boolean', short: 'h' },
  },
})

if (values.help === true || (positionals.length === 0 && values.failing !== true && values.seeds === undefined))
  print(help)
else if (positionals.length > 0) await traceSeeds(positionals.map(Number))
else
  await runSeeds(
    values.failing === true
      ? readFailingSeeds().map(({ seed }) => seed)
      : countFrom(Number(values.from), Number(values.seeds)),
  )

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

function countFrom(from: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => from + index)
}

async function traceSeeds(seeds: readonly number[]): Promise<void> {
  for (const seed of seeds) report(await simulate(seed, { trace: print }))
}

async function runSeeds(seeds: readonly number[]): Promise<void> {
  const coverage = new Coverage()
  let checkpoints = 0
  for (const [index, seed] of seeds.entries()) {
    const one = await simulate(seed)
    coverage.add(one.coverage)
    checkpoints += one.checkpoints
    if (one.violations.length > 0) {
      report(one)
      keepFailingSeed(one)
    }
    if ((index + 1) % 500 === 0) print(`${index + 1} seeds, ${checkpoints} checkpoints`)
  }
  print(`\n${coverage.toText()}\n\n${seeds.length} seeds, ${checkpoints} checkpoints`)
  const missing = coverage.missing()
  if (values.failing === true || missing.length === 0) return
  print(`never seen: ${missing.join(', ')}`)
  process.exitCode = 1
}

function report({ seed, violations, runs, checkpoints, digest }: SimulationReport): void {
  print(
    `seed ${seed}: ${runs} runs, ${checkpoints} checkpoints, digest ${digest.slice(0, 8)}, ${violations.length === 0 ? 'clean' : `${violations.length} violations`}`,
  )
  for (const { invariant, message, runId } of violations) print(`  ${invariant} ${runId ?? ''} ${message}`)
  if (violations.length > 0) process.exitCode = 1
}
