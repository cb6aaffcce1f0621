import { describe, expect, it } from 'vitest'
import { seededRandom } from '../random/seeded-random.ts'
import { dataOf, frameOf, splitFrames } from './frames.ts'

async function* inChunks(bytes: Uint8Array, next: () => number): AsyncGenerator<Uint8Array> {
  let from = 0
  while (from < bytes.length) {
    const to = from + 1 + Math.floor(next() * 40)
    yield bytes.subarray(from, to)
    from = to
    await Promise.resolve()
  }
}

async function split(text: string, next: () => number): Promise<string[]> {
  const frames: string[] = []
  for await (const frame of splitFrames(inChunks(new TextEncoder().encode(text), next))) frames.push(frame)
  return frames
}

describe('splitFrames', () => {
  const frames = [
    frameOf('response.created', { type: 'response.created', text: 'Málaga 🌍\n\n' }),
    ': a comment\n\n',
    'event: x\r\ndata: {"a":1}\r\n\r\n',
    'data: one\ndata: two\n\n',
    frameOf(null, { long: 'lorem '.repeat(100) }),
    'data: [DONE]\n\n',
  ]

  it('gives back every frame as it was, however the bytes come', async () => {
    for (let seed = 1; seed <= 50; seed += 1) {
      const random = seededRandom(seed)
      expect(await split(frames.join(''), () => random.next())).toEqual(frames)
    }
  })

  it('gives what is left when the stream breaks', async () => {
    expect(await split('data: 1\n\ndata: {"ha', () => 0.5)).toEqual(['data: 1\n\n', 'data: {"ha'])
  })
})

describe('dataOf', () => {
  it('reads the data of a frame, over several lines too', () => {
    expect(dataOf('event: x\ndata: {"a":1}\n\n')).toBe('{"a":1}')
    expect(dataOf('data: one\r\ndata:two\r\n\r\n')).toBe('one\ntwo')
    expect(dataOf(': nothing\n\n')).toBe(null)
  })
})
