import { parseArgs } from 'node:util'
import { quickEffort, usualEffort, type Effort, type Measure } from './measure.ts'

/** What the command line asks for. */
export interface Request {
  readonly measures: readonly Measure[]
  readonly effort: Effort
  readonly isQuick: boolean
  readonly asJson: boolean
  /** In this process instead of one for each measure. */
  readonly isHere: boolean
}

/** Reads the command line. @returns the request, or the text to show instead */
export function readArguments(args: readonly string[], measures: readonly Measure[]): Request | string {
  const names = measures.map(({ name }) => name).join(' ')
  const usage = `Usage: npm run bench -- [--only NAME]… [--quick] [--json] [--here]
  --only NAME   one measure; may be repeated. Names: ${names}
  --quick       a tenth of the work: shows that everything runs, not how fast it is
  --json        the figures as JSON
  --here        in this process, for a profiler; needs node --expose-gc
`
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        only: { type: 'string', multiple: true },
        quick: { type: 'boolean' },
        json: { type: 'boolean' },
        here: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    })
    const { only = [], quick: isQuick = false } = values
    const unknown = only.find((name) => !measures.some((measure) => measure.name === name))
    if (values.help === true) return usage
    if (unknown !== undefined) return `There is no measure ${JSON.stringify(unknown)}.\n${usage}`
    return {
      measures: measures.filter(({ name }) => only.length === 0 || only.includes(name)),
      effort: isQuick ? quickEffort : usualEffort,
      isQuick,
      asJson: values.json === true,
      isHere: values.here === true,
    }
  } catch (error) {
    return `${error instanceof Error ? error.message : String(error)}\n${usage}`
  }
}
