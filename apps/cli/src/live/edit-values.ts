import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WaystoneError, type DecisionInput, type JsonObject, type Request } from '@waystone/core'
import type { Context } from '../command.ts'
import { readJsonObject } from '../json-argument.ts'
import { askedArguments, editable } from '../output/request-text.ts'
import type { LineReader } from './line-reader.ts'

/**
 * Lets a person edit what a request allows: in $VISUAL or $EDITOR as a JSON file, else as JSON on one line.
 *
 * @returns the keys that differ, or of a call all of its arguments when they were edited in a file, where one can be taken out; null when nothing was
 * changed or what was written is no JSON, which is said
 */
export async function editValues(
  request: Request,
  asking: { reader: LineReader; signal: AbortSignal },
  context: Context,
): Promise<Pick<DecisionInput, 'edits' | 'arguments'> | null> {
  const now = valuesNow(request)
  const editor = context.around.env['VISUAL'] ?? context.around.env['EDITOR']
  const isTyped = editor === undefined || editor === ''
  const text = isTyped ? await typedText(request, asking) : editedText(now, editor, context)
  if (text === null || text.trim() === '') return null
  try {
    const edited = readJsonObject({ text, option: 'edit', cwd: context.around.cwd })
    const isWhole = request.kind === 'call' && !isTyped
    const changed = Object.entries(edited).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(now[key]))
    const isSame = changed.length === 0 && !(isWhole && Object.keys(now).some((key) => !Object.hasOwn(edited, key)))
    if (isSame) context.note('Nothing was changed.')
    if (isSame) return null
    return isWhole ? { arguments: edited } : { edits: Object.fromEntries(changed) }
  } catch (error) {
    if (!WaystoneError.isInstance(error)) throw error
    context.note(error.message)
    return null
  }
}

/** What may be edited, as it is. */
function valuesNow(request: Request): JsonObject {
  const given = askedArguments(request)
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) return given as JsonObject
  return Object.fromEntries(
    request.edits.flatMap((key) => (key in request.evidence ? [[key, request.evidence[key] ?? null] as const] : [])),
  )
}

function typedText(
  request: Request,
  { reader, signal }: { reader: LineReader; signal: AbortSignal },
): Promise<string | null> {
  return reader.ask(`JSON object with any of ${editable(request).join(', ')}, or @file: `, signal)
}

function editedText(now: JsonObject, editor: string, { around, note }: Context): string | null {
  const folder = mkdtempSync(join(tmpdir(), 'waystone-edit-'))
  try {
    const path = join(folder, 'edit.json')
    writeFileSync(path, `${JSON.stringify(now, null, 2)}\n`)
    const status = around.edit(editor, path)
    if (status === 0) return readFileSync(path, 'utf8')
    note(`The editor ${editor} ended with ${status ?? 'a signal'}; nothing was changed.`)
    return null
  } finally {
    rmSync(folder, { recursive: true })
  }
}
