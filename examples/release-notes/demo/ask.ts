import { spawn } from 'node:child_process'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline/promises'
import type { DecisionInput, Request } from '@waystone/core'

/** Lines of the notes that are shown before a person asks for all. */
const previewLines = 30

/**
 * Shows a sign-off at the terminal and asks.
 *
 * @param asking - `signal`: fires when the request is no longer open; `interrupt`: what Ctrl-C does, which this terminal gives as a key
 * @returns null: it is left open, or was closed meanwhile
 */
export async function askAtTerminal(
  request: Request,
  { signal, interrupt }: { readonly signal: AbortSignal; readonly interrupt: () => void },
): Promise<DecisionInput | null> {
  const notes = textOf(request, 'notes')
  print('', ...preview(notes), '', `It would be written to ${textOf(request, 'file')}.`, ...complaints(request))
  const reader = createInterface({ input: process.stdin, output: process.stdout })
  reader.on('SIGINT', interrupt)
  try {
    for (;;) {
      const answer = (
        await reader.question(`${timeLeft(request)} [a]pprove, [r]eject, [e]dit, [s]how all, [l]eave open > `, {
          signal,
        })
      )
        .trim()
        .toLowerCase()
      if (answer === 's' || answer === 'show') print('', notes)
      else if (answer === 'l' || answer === 'leave') return null
      else if (answer === 'a' || answer === 'approve')
        return { outcome: 'approved', reason: await reason(reader, signal), ...who() }
      else if (answer === 'r' || answer === 'reject')
        return { outcome: 'rejected', reason: await reason(reader, signal), ...who() }
      else if (answer === 'e' || answer === 'edit') {
        const edited = await edit(notes, reader, signal)
        return { outcome: 'edited', reason: 'edited at the terminal', edits: { notes: edited }, ...who() }
      } else print('Answer a, r, e, s or l.')
    }
  } catch (error) {
    if (signal.aborted || (error instanceof Error && error.name === 'AbortError')) return null
    throw error
  } finally {
    reader.close()
  }
}

/** The decision where nobody can be asked. It says so, and it is in the run's history like any other. */
export function decideWithoutTerminal(isCi: boolean): DecisionInput {
  return {
    outcome: 'approved',
    reason: `There is no terminal to ask at${isCi ? ' (CI)' : ''}: the demo approves its own notes so that it can end.`,
    by: 'demo',
    through: 'policy',
  }
}

function textOf(request: Request, key: string): string {
  const value = request.evidence[key]
  return typeof value === 'string' ? value : ''
}

function who(): Pick<DecisionInput, 'by' | 'through'> {
  return { by: userInfo().username, through: 'terminal' }
}

async function reason(reader: Interface, signal: AbortSignal): Promise<string> {
  return (await reader.question('Reason: ', { signal })).trim()
}

function preview(notes: string): string[] {
  const lines = notes.trimEnd().split('\n')
  const rest = lines.length - previewLines
  return rest <= 0 ? lines : [...lines.slice(0, previewLines), `… ${rest} more lines`]
}

/** What the checker still found after its last round. */
function complaints(request: Request): string[] {
  const verdicts = Object.values(request.heard).flatMap((verdict) =>
    isVerdict(verdict) && verdict.outcome === 'revise' ? verdict.reasons : [],
  )
  return verdicts.length === 0
    ? []
    : ['The checker still finds:', ...verdicts.slice(0, 10).map((entry) => `  - ${describeReason(entry)}`)]
}

function describeReason(reason: unknown): string {
  const isFinding = typeof reason === 'object' && reason !== null && 'message' in reason
  return isFinding ? String(reason.message) : JSON.stringify(reason)
}

function isVerdict(value: unknown): value is { readonly outcome: string; readonly reasons: readonly unknown[] } {
  return typeof value === 'object' && value !== null && 'reasons' in value && Array.isArray(value.reasons)
}

function timeLeft(request: Request): string {
  if (request.expiresAt === null) return 'Decide:'
  return `Decide within ${Math.max(0, Math.round((request.expiresAt - Date.now()) / 1000))} s:`
}

/** Lets the person change the text with their own editor, else with any. */
async function edit(notes: string, reader: Interface, signal: AbortSignal): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'waystone-notes-')), 'notes.md')
  await writeFile(file, notes)
  const [editor, ...args] = (process.env['VISUAL'] ?? process.env['EDITOR'] ?? '')
    .split(' ')
    .filter((part) => part !== '')
  if (editor === undefined)
    await reader.question(`Change ${file} with any editor and save it, then press Enter `, { signal })
  else
    await new Promise((resolve) =>
      spawn(editor, [...args, file], { stdio: 'inherit' })
        .on('close', resolve)
        .on('error', resolve),
    )
  return readFile(file, 'utf8')
}

function print(...lines: readonly string[]): void {
  process.stdout.write(`${lines.join('\n')}\n`)
}
