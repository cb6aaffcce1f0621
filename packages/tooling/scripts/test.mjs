// Everything that must hold, in one command. Says each phase as it starts, goes on after a failed one, and ends with
// the sum of what the test runner itself reported.
import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env, root, setUp } from './set-up.mjs'

const isLong = process.argv.includes('--long')
const reports = mkdtempSync(join(tmpdir(), 'waystone-test-'))
const variables = {
  ...env,
  ...(isLong ? { WAYSTONE_LONG: '1' } : {}),
  ...(process.stdout.isTTY ? {} : { NO_COLOR: '1', FORCE_COLOR: undefined }),
}
const total = { passed: 0, failed: 0, skipped: 0 }
const failedPhases = []

phase('set-up', setUp)
phase('format', () => run('oxfmt', '--check'))
phase('lint', () => run('oxlint', '--deny-warnings'))
phase('types', () => run('tsc', '-p', 'tsconfig.json'))
phase('build', () => run('node', 'packages/tooling/scripts/build.mjs'))
phase('tests', () => vitest('tests', '--project=!tooling'))
phase('repository checks: packages, API reports, layers, docs', () => vitest('checks', '--project=tooling'))
phase('unused code', () => run('knip', '--treat-config-hints-as-errors'))

rmSync(reports, { recursive: true })
if (total.passed + total.failed === 0) failedPhases.push('no test ran')
if (failedPhases.length > 0) console.log(`\nFailed: ${failedPhases.join('; ')}`)
console.log(`\n${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
process.exitCode = failedPhases.length > 0 ? 1 : 0

function phase(name, work) {
  console.log(`\n▶ ${name}`)
  const started = Date.now()
  const isGood = work() !== false
  if (!isGood) failedPhases.push(name)
  console.log(`${isGood ? '✓' : '✗ FAILED:'} ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`)
}

function run(command, ...args) {
  const shell = process.platform === 'win32'
  const { status, error } = spawnSync(command, args, { cwd: root, env: variables, stdio: 'inherit', shell })
  if (error) console.error(`${command} could not be started: ${error.message}`)
  return status === 0
}

function vitest(name, project) {
  const report = join(reports, `${name}.json`)
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const isGood = run('vitest', 'run', '--config', 'packages/tooling/vitest.config.ts', project, ...reporters)
  if (!existsSync(report)) return false
  const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = JSON.parse(readFileSync(report, 'utf8'))
  total.passed += numPassedTests
  total.failed += numFailedTests
  total.skipped += numPendingTests + numTodoTests
  return isGood
}
