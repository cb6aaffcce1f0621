// The command behind `npm run simulate`: one seed with its trace, the seeds that failed once, or many new ones.
import { parseArgs } from 'node:util'
import { Coverage } from './coverage.ts'
import { readFailingSeeds } from './failing-seeds.ts'
import { toMatrix } from './matrix.ts'
import { runSuite } from './run-suite.ts'
import { seedsOf, suiteOf, suites, type SuiteName } from './suites/suites.ts'
import { simulate, type SimulationReport } from './simulate.ts'

const help = `Runs simulations of Waystone from seeds.

  npm run simulate -- 117                   one seed, with its trace
  npm run simulate -- 117 --suite maps      one of another suite; suites: ${suites.map(({ name }) => name).join(', ')}
  npm run simulate -- --failing             every seed that failed once (packages/testing/seeds/failing.json)
  npm run simulate -- --seeds 5000          seeds from 1 on, and of each other suite its share, with the coverage; failing ones are kept
  npm run simulate -- --seeds 100 --from 5001 --suite core
  npm run simulate -- --seeds 1000 --matrix  and what came together, over all suites
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    failing: { type: 'boolean' },
    suite: { type: 'string' },
    seeds: { type: 'string' },
    from: { type: 'string', default: '1' },
    matrix: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  },
})

if (values.help === true || (positionals.length === 0 && values.failing !== true && values.seeds === undefined))
  print(help)
else if (positionals.length > 0) await traceSeeds(suiteOf(values.suite ?? 'core').name, positionals.map(Number))
else if (values.failing === true) await runFailing()
else await runSuites(Number(values.seeds))

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

async function traceSeeds(suite: SuiteName, seeds: readonly number[]): Promise<void> {
  for (const seed of seeds) report(await simulate(seed, { suite, trace: print }))
}

async function runFailing(): Promise<void> {
  for (const { suite, seed, runs } of readFailingSeeds())
    report(await simulate(seed, { suite, ...(runs !== undefined && { runs }) }))
}

async function runSuites(seeds: number): Promise<void> {
  const chosen = values.suite === undefined ? suites : [suiteOf(values.suite)]
  const all = new Coverage()
  for (const suite of chosen)
    all.add(await showSuite(suite.name, values.suite === undefined ? seedsOf(suite, seeds) : seeds))
  if (values.matrix === true) print(`\n${toMatrix(all)}`)
}

async function showSuite(name: SuiteName, count: number): Promise<Coverage> {
  let checkpoints = 0
  const onReport = (one: SimulationReport, done: number): void => {
    checkpoints += one.checkpoints
    if (one.violations.length > 0) report(one)
    if (done % 500 === 0) print(`${name}: ${done} seeds, ${checkpoints} checkpoints`)
  }
  const { coverage } = await runSuite(name, { from: Number(values.from), count, onReport })
  const { rows } = suiteOf(name)
  print(`\n${coverage.toText(rows)}\n\n${name}: ${count} seeds, ${checkpoints} checkpoints`)
  const missing = coverage.missing(rows)
  if (missing.length > 0) {
    print(`never seen: ${missing.join(', ')}`)
    process.exitCode = 1
  }
  return coverage
}

function report({ suite, seed, violations, runs, checkpoints, digest }: SimulationReport): void {
  print(
    `${suite} ${seed}: ${runs} runs, ${checkpoints} checkpoints, digest ${digest.slice(0, 8)}, ${violations.length === 0 ? 'clean' : `${violations.length} violations`}`,
  )
  for (const { invariant, message, runId } of violations) print(`  ${invariant} ${runId ?? ''} ${message}`)
  if (violations.length > 0) process.exitCode = 1
}
