import type { ServerResponse } from 'node:http'
import { once } from 'node:events'
import { setTimeout } from 'node:timers/promises'
import type { LabDelivery } from './answer.ts'
import { dataOf } from './frames.ts'
import { wireTime, type OpenEntry } from './journal.ts'
import { readUsage } from './read-usage.ts'
import type { Reply } from './reply.ts'

/** The exchange that a reply belongs to. */
export interface Exchange {
  readonly response: ServerResponse
  readonly entry: OpenEntry
  /** Fires when the connection is closed. */
  readonly closed: AbortSignal
  /** Resolves then. */
  readonly whenClosed: Promise<void>
  /** To be called after every change of the entry. */
  readonly changed: () => void
}

/** Sends a reply as its delivery says, and notes what was sent. Ends early, and silently, when the client is gone. */
export async function sendReply(reply: Reply, exchange: Exchange): Promise<void> {
  const { delivery } = reply
  try {
    if (delivery.delayMs !== undefined) await setTimeout(delivery.delayMs, undefined, { signal: exchange.closed })
    if (delivery.hangAfter === 'headers') return await exchange.whenClosed
    sendHeaders(reply, exchange)
    await (typeof reply.body === 'string'
      ? sendBody(reply.body, delivery, exchange)
      : sendFrames(reply.body, delivery, exchange))
  } catch (error) {
    if (!exchange.closed.aborted) throw error
  }
}

function sendHeaders({ status, headers, delivery }: Reply, { response, entry, closed, changed }: Exchange): void {
  closed.throwIfAborted()
  const number = String(entry.index + 1).padStart(4, '0')
  const all = {
    'x-request-id': `req_${number}`,
    'openai-processing-ms': '1',
    'openai-version': '2020-10-01',
    ...headers,
    ...delivery.headers,
  }
  response.writeHead(status, all)
  response.flushHeaders()
  entry.status = status
  entry.answeredAt = wireTime()
  changed()
}

async function sendFrames(
  frames: Exclude<Reply['body'], string>,
  delivery: LabDelivery,
  exchange: Exchange,
): Promise<void> {
  let index = 0
  for await (const frame of frames) {
    if (!(await mayGoOn(index, delivery, exchange))) return
    const isBroken = index === delivery.malformedAt
    const text = isBroken ? broken(frame) : frame
    await write(text, exchange, () => sent(dataOf(text) ?? '', exchange))
    if (isBroken) return endUnwhole(exchange)
    index += 1
  }
  if (await mayGoOn(index, delivery, exchange, 'end')) exchange.response.end()
}

async function sendBody(body: string, delivery: LabDelivery, exchange: Exchange): Promise<void> {
  if (delivery.cutAfter !== undefined) {
    await write(body.slice(0, body.length / 2), exchange)
    return cut(exchange)
  }
  if (!(await mayGoOn(0, delivery, exchange))) return
  const text = delivery.malformedAt === undefined ? body : body.slice(0, body.length / 2)
  const noted = (): void => sent(text, exchange)
  if (delivery.frameDelayMs === undefined) await write(text, exchange, noted)
  else await trickle(text, { delayMs: delivery.frameDelayMs, noted }, exchange)
  if (delivery.malformedAt !== undefined) return endUnwhole(exchange)
  if (await mayGoOn(1, delivery, exchange, 'end')) exchange.response.end()
}

async function trickle(
  text: string,
  { delayMs, noted }: { readonly delayMs: number; readonly noted: () => void },
  exchange: Exchange,
): Promise<void> {
  const size = Math.max(1, Math.ceil(text.length / 10))
  for (let from = 0; from < text.length; from += size) {
    await setTimeout(delayMs, undefined, { signal: exchange.closed })
    const isLast = from + size >= text.length
    await write(text.slice(from, from + size), exchange, isLast ? noted : undefined)
  }
}

/** Whether the frame is to be sent, after what has to happen before it. `end`: there is no such frame any more. */
async function mayGoOn(index: number, delivery: LabDelivery, exchange: Exchange, end?: 'end'): Promise<boolean> {
  if (typeof delivery.hangAfter === 'number' && index >= delivery.hangAfter) {
    await exchange.whenClosed
    return false
  }
  if (delivery.cutAfter !== undefined && index >= delivery.cutAfter) {
    cut(exchange)
    return false
  }
  if (end === 'end') return true
  if (delivery.frameDelayMs !== undefined) {
    await setTimeout(delivery.frameDelayMs, undefined, { signal: exchange.closed })
  }
  if (delivery.beforeFrame !== undefined) await Promise.race([delivery.beforeFrame(index), exchange.whenClosed])
  exchange.closed.throwIfAborted()
  return true
}

/** @param noted - called as soon as the text is on its way, before the client can have it */
async function write(text: string, { response, entry, closed }: Exchange, noted?: () => void): Promise<void> {
  closed.throwIfAborted()
  entry.bytesOut += Buffer.byteLength(text)
  const isTaken = response.write(text)
  noted?.()
  if (!isTaken) await once(response, 'drain', { signal: closed })
}

function sent(data: string, { entry, changed }: Exchange): void {
  entry.frames += 1
  entry.usage = readUsage(data) ?? entry.usage
  changed()
}

/** Ends the connection without ending the answer. */
function cut({ response, entry }: Exchange): void {
  entry.end ??= { at: wireTime(), by: 'lab', isWhole: false }
  response.socket?.destroySoon()
}

/** Ends the answer as if it were whole. */
function endUnwhole({ response, entry }: Exchange): void {
  entry.end ??= { at: wireTime(), by: 'lab', isWhole: false }
  response.end()
}

/** An event whose JSON stops in the middle. */
function broken(frame: string): string {
  const text = frame.trimEnd()
  return `${text.slice(0, Math.max(text.indexOf('data:') + 'data: {'.length, text.length / 2))}\n\n`
}
