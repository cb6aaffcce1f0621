import { Coverage } from './coverage.ts'
import { keepFailingSeed } from './failing-seeds.ts'
import { simulate, type SimulationReport } from './simulate.ts'
import type { SuiteName } from './suites/suites.ts'

/** What the seeds of a suite showed. */
export interface SuiteReport {
  readonly coverage: Coverage
  readonly checkpoints: number
  /** A line for each seed that broke an invariant: how to run it again, and what was found. Empty: all held. */
  readonly failed: readonly string[]
}

/** Which seeds are run, and who is told. */
export interface SuiteRun {
  /** The first seed; default 1. */
  readonly from?: number
  readonly count: number
  /** Told after each seed; `done`: seeds so far. */
  readonly onReport?: (report: SimulationReport, done: number) => void
}

/** Runs seeds of a suite, and keeps those that break an invariant. */
export async function runSuite(suite: SuiteName, { from = 1, count, onReport }: SuiteRun): Promise<SuiteReport> {
  const coverage = new Coverage()
  const failed: string[] = []
  let checkpoints = 0
  for (let done = 1; done <= count; done++) {
    const report = await simulate(from + done - 1, { suite })
    coverage.add(report.coverage)
    checkpoints += report.checkpoints
    if (report.violations.length > 0) {
      keepFailingSeed(report)
      const found = report.violations.map(({ invariant, message }) => `${invariant}: ${message}`).join('; ')
      failed.push(`npm run simulate -- ${report.seed} --suite ${suite}: ${found}`)
    }
    onReport?.(report, done)
  }
  return { coverage, checkpoints, failed }
}
