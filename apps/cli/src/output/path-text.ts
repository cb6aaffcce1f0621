import type { JsonPath } from '@waystone/core'
import { argumentError } from '../json-argument.ts'

const part = /^(?:\.?([A-Za-z_$][\w$-]*)|\[(\d+)\]|\["((?:[^"\\]|\\.)*)"\])/

/** Reads a path as people write it: `reply`, `notes[0].text`, `orders["a b"]`. @throws {InputError} WAYSTONE_INPUT_ARGUMENT */
export function parsePath(text: string): JsonPath {
  const path: (string | number)[] = []
  let rest = text
  while (rest !== '') {
    const match = part.exec(rest)
    if (match === null)
      throw argumentError(`--blame: found ${JSON.stringify(text)}; allowed is a path as notes[0].text`)
    const [whole, name, index, quoted] = match
    path.push(name ?? (index === undefined ? (JSON.parse(`"${quoted ?? ''}"`) as string) : Number(index)))
    rest = rest.slice(whole.length)
  }
  if (path.length === 0) throw argumentError('--blame: found nothing; allowed is a path as notes[0].text')
  return path
}
