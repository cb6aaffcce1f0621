import type { Json } from './json.ts'

/**
 * The size of a value as compact JSON in UTF-8, in bytes; escapes are not counted.
 *
 * Cost: O(the smaller of value and limit).
 *
 * @param limit - not counted further once it is exceeded; the result is then any number above it
 */
export function jsonSize(value: Json, limit: number): number {
  if (typeof value === 'string') return utf8Size(value, limit) + 2
  if (typeof value !== 'object' || value === null) return String(value).length
  let size = 2
  if (Array.isArray(value)) {
    for (const item of value as readonly Json[]) {
      size += jsonSize(item, limit - size) + 1
      if (size > limit) return size
    }
    return size
  }
  for (const [key, item] of Object.entries(value)) {
    size += utf8Size(key, limit - size) + 4
    if (size <= limit) size += jsonSize(item, limit - size)
    if (size > limit) return size
  }
  return size
}

/** Bytes of a text in UTF-8. */
function utf8Size(text: string, limit: number): number {
  // Every unit takes one byte at least and three at most.
  if (text.length > limit) return text.length
  let size = 0
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index)
    if (unit < 0x80) size += 1
    else if (unit < 0x800) size += 2
    // A pair of surrogates takes four bytes.
    else size += unit >= 0xd800 && unit <= 0xdfff ? 2 : 3
  }
  return size
}

/** The longest beginning of a text that has at most this many bytes in UTF-8; no character is cut in half. */
export function utf8Start(text: string, bytes: number): string {
  let size = 0
  let end = 0
  for (const character of text) {
    size += utf8Size(character, bytes)
    if (size > bytes) break
    end += character.length
  }
  return text.slice(0, end)
}
