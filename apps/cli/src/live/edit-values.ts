import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { WaystoneError, type JsonObject, type Request } from '@waystone/core'
import type { Context } from '../command.ts'
import { readJsonObject } from '../json-argument.ts'
import type { LineReader } from './line-reader.ts'

/**
 * Lets a person edit what a request allows: in $VISUAL or $EDITOR as a JSON file, else as JSON on one line.
 *
 * @returns the keys that differ; null when nothing was changed or what was written is no JSON, which is said
 */
export async function editValues(
  request: Request,
  asking: { reader: LineReader; signal: AbortSignal },
  context: Context,
): Promise<JsonObject | null> {
  const now: JsonObject = Object.fromEntries(
    request.edits.flatMap((key) => (key in request.evidence ? [[key, request.evidence[key] ?? null] as const] : [])),
  )
  const editor = context.around.env['VISUAL'] ?? context.around.env['EDITOR']
  const text =
    editor === undefined || editor === '' ? await typedText(request, asking) : editedText(now, editor, context)
  if (text === null || text.trim() === '') return null
  try {
    const edited = readJsonObject({ text, option: 'edit', cwd: context.around.cwd })
    const changed = Object.entries(edited).filter(([key, value]) => JSON.stringify(value) !== JSON.stringify(now[key]))
    if (changed.length === 0) context.note('Nothing was changed.')
    return changed.length === 0 ? null : Object.fromEntries(changed)
  } catch (error) {
    if (!WaystoneError.isInstance(error)) throw error
    context.note(error.message)
    return null
  }
}

function typedText(
  request: Request,
  { reader, signal }: { reader: LineReader; signal: AbortSignal },
): Promise<string | null> {
  return reader.ask(`JSON object with any of ${request.edits.join(', ')}, or @file: `, signal)
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
