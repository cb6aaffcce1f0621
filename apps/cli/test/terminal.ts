import { PassThrough } from 'node:stream'
import type { Surroundings } from '../src/surroundings.ts'
import { sink } from './command-line.ts'

/** A person at a terminal, who types an answer as soon as a question is on the screen. */
export function terminal(answers: readonly (readonly [question: string, answer: string])[]): {
  readonly around: Pick<Surroundings, 'input' | 'out'>
  /** All that was written. */
  readonly shown: () => string
  /** Answers that nobody asked for. */
  readonly unanswered: readonly unknown[]
} {
  const input = Object.assign(new PassThrough(), { isTTY: true })
  const { write, text } = sink(true)
  const left = [...answers]
  const out = {
    isTerminal: true,
    columns: 100,
    text,
    write(part: string) {
      write(part)
      const [next] = left
      if (next === undefined || !part.includes(next[0])) return
      left.shift()
      // The echo of the terminal is the line that the person typed.
      write(`${next[1]}\n`)
      input.write(`${next[1]}\n`)
    },
  }
  return { around: { input, out }, shown: text, unanswered: left }
}
