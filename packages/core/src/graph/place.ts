import { existsSync } from 'node:fs'
import { dirname, join, relative, sep } from 'node:path'
import type { SourceLine } from '../define/source-line.ts'
import type { Place } from '../errors/definition-error.ts'

const packageFolders = new Map<string, string>()

/** A place in a workflow. @param source - where it was written; undefined when the platform gave no usable stack */
export function placeOf(path: string, source: SourceLine | undefined): Place {
  if (source === undefined) return { path }
  return { path, file: relativeFile(source.file), line: source.line, column: source.column }
}

/** Relative to the nearest folder above that has a package.json, with `/`. */
function relativeFile(file: string): string {
  return relative(packageFolder(dirname(file)), file)
    .split(sep)
    .join('/')
}

function packageFolder(folder: string): string {
  const known = packageFolders.get(folder)
  if (known !== undefined) return known
  const above = dirname(folder)
  const found = above === folder || existsSync(join(folder, 'package.json')) ? folder : packageFolder(above)
  packageFolders.set(folder, found)
  return found
}
