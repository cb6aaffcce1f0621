import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { readArguments, type Request } from './arguments.ts'
import type { Figure, Measure } from './measure.ts'
import { measures } from './measures/all.ts'
import { circumstances, jsonReport, loadNow, textReport } from './report.ts'

const request = readArguments(process.argv.slice(2), measures)
if (typeof request === 'string') {
  process.stderr.write(request)
  process.exitCode = 2
} else await report(request)

async function report({ measures: asked, effort, isQuick, asJson, isHere }: Request): Promise<void> {
  const loadBefore = loadNow()
  const figures: Figure[] = []
  for (const measure of asked) {
    if (!asJson) process.stderr.write(`${measure.name} …\n`)
    figures.push(...(isHere ? await measure.run(effort) : runApart(measure, isQuick)))
  }
  const where = circumstances(loadBefore, isQuick)
  process.stdout.write(asJson ? jsonReport(figures, where) : textReport(figures, where))
}

/** In a process of its own, so that no measure meets what another left in memory or in the compiler. */
function runApart({ name }: Measure, isQuick: boolean): readonly Figure[] {
  const program = fileURLToPath(import.meta.url)
  const options = ['--here', '--json', '--only', name, ...(isQuick ? ['--quick'] : [])]
  const output = execFileSync(process.execPath, ['--expose-gc', ...process.execArgv, program, ...options], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, NODE_ENV: 'production' },
  })
  // Written by jsonReport of the same source.
  return (JSON.parse(output) as { readonly figures: readonly Figure[] }).figures
}
