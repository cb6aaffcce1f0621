import { deflateRawSync, inflateRawSync } from 'node:zlib'

/**
 * Shortest and longest text that is compressed, in UTF-16 units. Shorter ones gain too little for the 12 µs it takes; longer ones would
 * hold up the event loop for more than about 3 ms.
 */
const compressed = { from: 1024, to: 262_144 } as const

/** A small window: checkpoints are short, and a call costs a third less. */
const options = { level: 1, windowBits: 12, memLevel: 4 } as const

/** As a column holds it. */
export type StoredText = string | Uint8Array

/** A text as it is written: itself, or deflated when that is shorter. */
export function packText(text: string): StoredText {
  if (text.length < compressed.from || text.length > compressed.to) return text
  const packed = deflateRawSync(text, options)
  return packed.length < text.length ? packed : text
}

/** A text as it was given to {@link packText}. */
export function unpackText(stored: StoredText): string {
  return typeof stored === 'string' ? stored : inflateRawSync(stored).toString()
}
