import type { Model, ModelCallOptions, ModelMessage, ModelResponse } from '@waystone/core'
import { setTimeout as after } from 'node:timers/promises'

/**
 * Stands in for a real model: a few rules, no network, no key. It knows only what it is told: the reader's name is found in the
 * messages, or in the summary of them.
 */
const desk: Model = {
  name: 'offline:desk',
  async call({ messages }, options) {
    const last = messages.at(-1)
    if (last?.role === 'tool') return say(replyTo(last), options)
    const message = textOf(last)
    const subject = /\b(?:about|on) (?<subject>\w+)/i.exec(message)?.groups?.['subject']
    if (subject !== undefined) return ask('find-books', { subject }, messages)
    const title = /\breserve (?<title>[^.!?]+)/i.exec(message)?.groups?.['title']
    if (title !== undefined) return ask('reserve-book', { title: title.trim() }, messages)
    return say(smallTalk(message, messages), options)
  },
}

/** Writes the summaries: what readers said, without what they were answered. */
const notes: Model = {
  name: 'offline:notes',
  call({ messages }) {
    const lines = textOf(messages[0])
      .split('\n')
      .map((line) => JSON.parse(line) as { readonly from: string; readonly text: string })
    const said = lines
      .filter(({ from }) => from === 'user')
      .flatMap(({ text }) => text.split('\n').filter((line) => !line.startsWith('What was said before')))
    return Promise.resolve(
      respond({
        text: said
          .map((line) => line.replace(/^- /, ''))
          .map((line) => `- ${line}`)
          .join('\n'),
      }),
    )
  },
}

export const offlineModels = { desk, notes }

function smallTalk(message: string, messages: readonly ModelMessage[]): string {
  if (/what is my name/i.test(message)) {
    const name = nameIn(messages)
    return name === undefined ? 'You have not told me your name.' : `You are ${name}.`
  }
  const name = nameIn(messages.slice(-1))
  if (name !== undefined) return `Good day, ${name}. What would you like to read?`
  return 'I can look for books about a subject, or reserve one: try "books about tides", or "reserve The Tidal Year".'
}

/** The last name anybody gave. */
function nameIn(messages: readonly ModelMessage[]): string | undefined {
  const told = messages.filter(({ role }) => role === 'user').map(textOf)
  return told.flatMap((text) => [...text.matchAll(/my name is (?<name>\p{L}+)/giu)]).at(-1)?.groups?.['name']
}

function replyTo(result: ModelMessage): string {
  const found = JSON.parse(textOf(result)) as {
    readonly books?: readonly { readonly title: string; readonly shelf: string }[]
    readonly until?: string
  }
  if (found.until !== undefined) return `It is put aside for you until ${found.until}.`
  if (found.books === undefined || found.books.length === 0) return 'We have nothing about that, I am afraid.'
  const list = found.books.map(({ title, shelf }) => `- ${title} (shelf ${shelf})`)
  return `We have:\n${list.join('\n')}\nShall I reserve one?`
}

function textOf(message: ModelMessage | undefined): string {
  return message?.content.map((part) => (part.type === 'text' ? part.text : '')).join('\n') ?? ''
}

function ask(name: string, args: { readonly [key: string]: string }, messages: readonly ModelMessage[]): ModelResponse {
  return respond({ calls: [{ id: `call-${messages.length}`, name, arguments: args }] })
}

/** Answers word by word, at the pace of somebody who reads along at a terminal. */
async function say(text: string, { onToken, signal }: ModelCallOptions): Promise<ModelResponse> {
  for (const word of text.split(/(?<=\s)/)) {
    if (process.stdout.isTTY) await after(40, undefined, { signal })
    onToken(word)
  }
  return respond({ text })
}

function respond(said: {
  readonly text?: string
  readonly calls?: Extract<ModelMessage, { role: 'assistant' }>['calls']
}): ModelResponse {
  const { text, calls = [] } = said
  return {
    message: { role: 'assistant', content: text === undefined ? [] : [{ type: 'text', text }], calls },
    finish: calls.length > 0 ? 'tool-calls' : 'stop',
    usage: { inputTokens: 120, outputTokens: 40, cachedTokens: 0, reasoningTokens: 0 },
    model: 'offline:library',
  }
}
