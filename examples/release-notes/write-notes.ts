import { createHash } from 'node:crypto'
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'

/** A file that was written. */
export interface WrittenNotes {
  readonly file: string
  readonly bytes: number
  /** Effect that wrote it; stands in the file's last line too. */
  readonly effectId: string
  /** True when the file already held what this effect wrote. */
  readonly wasThere: boolean
}

/** The file exists and is not ours to replace. */
export class NotOursError extends Error {
  override readonly name = 'NotOursError'
}

/**
 * Writes notes to a file: all of it or nothing, by a temporary file beside it that is renamed.
 *
 * The last line records the effect id and a hash. The same effect again finds its own mark and leaves the file alone, so that a crash after the
 * rename does no harm. A file without such a mark, or changed since, is somebody's work and is not replaced.
 *
 * @param notes - Markdown
 * @throws {NotOursError} when the file exists and was not written by this function, or has been edited since
 */
export async function writeNotes(
  file: string,
  notes: string,
  { effectId, signal }: { effectId: string; signal?: AbortSignal },
): Promise<WrittenNotes> {
  const text = withMark(notes, effectId)
  const written = { file, bytes: Buffer.byteLength(text), effectId }
  const before = await readIfThere(file)
  const mark = before === undefined ? undefined : readMark(before)
  if (before !== undefined && mark === undefined) {
    throw new NotOursError(
      `${file} exists and was not written by this workflow, or was edited since: name another file with "saveAs", or move it away`,
    )
  }
  if (mark === effectId) return { ...written, wasThere: true }
  await mkdir(dirname(file), { recursive: true })
  signal?.throwIfAborted()
  await replaceFile(file, text)
  return { ...written, wasThere: false }
}

async function replaceFile(file: string, text: string): Promise<void> {
  const temporary = join(dirname(file), `.${basename(file)}.${process.pid}.tmp`)
  try {
    const handle = await open(temporary, 'w')
    try {
      await handle.writeFile(text)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined
    throw error
  }
}

function digest(notes: string): string {
  return createHash('sha256').update(notes).digest('hex').slice(0, 16)
}

function withMark(notes: string, effectId: string): string {
  const body = notes.endsWith('\n') ? notes : `${notes}\n`
  return `${body}\n<!-- written by waystone effect ${effectId} sha256 ${digest(body)} -->\n`
}

/** The effect that wrote this text; undefined when none did, or when it was changed since. */
function readMark(text: string): string | undefined {
  const mark = /^([\s\S]*)\n<!-- written by waystone effect (\S+) sha256 ([0-9a-f]{16}) -->\n$/.exec(text)
  return mark !== null && digest(mark[1] ?? '') === mark[3] ? mark[2] : undefined
}
