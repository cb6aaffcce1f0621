import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { InputError, type Json, type JsonObject } from '@waystone/core'
import { sha256 } from '@waystone/core/store'
import { canonicalText, isList, isObject, objectOf, parseJson, textOf } from './json-access.ts'

/** Version of the file. */
const recordingFormat = 1

/** What a model's service answered, byte by byte. */
export interface RecordedResponse {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** A text is a whole body; a list holds server-sent events, each raw and with its blank line. */
  readonly body: string | readonly string[]
  /** The connection broke after what is here. */
  readonly isCut: boolean
}

/** One request and its answer. */
export interface RecordedExchange {
  readonly method: string
  /** Below the base URL, with the query: `/responses`. */
  readonly path: string
  /** Null: a request without a body. */
  readonly request: Json
  readonly response: RecordedResponse
}

/**
 * What a recorded request is found by: the hash of its method, path and body with sorted keys. Headers have no part in it.
 *
 * @param ignore - places in the body that do not count, as keys with dots between: `metadata.run`
 */
export function keyOf(
  { method, path, request }: Pick<RecordedExchange, 'method' | 'path' | 'request'>,
  ignore: readonly string[],
): string {
  return sha256(`${method} ${path}\n${canonicalText(without(request, ignore))}`)
}

/** A request body without the places that do not count. */
export function without(request: Json, ignore: readonly string[]): Json {
  return ignore.reduce((value, place) => drop(value, place.split('.')), request)
}

function drop(value: Json, [key = '', ...deeper]: readonly string[]): Json {
  if (isList(value)) return value.map((entry) => drop(entry, [key, ...deeper]))
  if (!isObject(value) || !Object.hasOwn(value, key)) return value
  const { [key]: inner = null, ...rest } = value
  return deeper.length === 0 ? rest : { ...value, [key]: drop(inner, deeper) }
}

/**
 * Writes a recording: over several lines, in the order of keys, so that equal exchanges give an equal file whatever came first.
 * Exchanges of equal requests stay in order. The file is never half written.
 *
 * @throws {InputError} WAYSTONE_INPUT_RECORDING_FILE when it cannot be written
 */
export function writeRecording(file: string, exchanges: readonly RecordedExchange[]): void {
  const stored = exchanges
    .map((exchange) => ({ key: keyOf(exchange, []), exchange }))
    .toSorted((a, b) => (a.key < b.key ? -1 : Number(a.key > b.key)))
    .map(({ key, exchange }) => ({
      key,
      method: exchange.method,
      path: exchange.path,
      request: sorted(exchange.request),
      response: storedResponse(exchange.response),
    }))
  const temporary = `${file}.${process.pid}.part`
  try {
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(temporary, `${JSON.stringify({ format: recordingFormat, exchanges: stored }, null, 2)}\n`)
    renameSync(temporary, file)
  } catch (error) {
    throw new InputError('WAYSTONE_INPUT_RECORDING_FILE', `${file} cannot be written`, {}, error)
  }
}

/** @throws {InputError} WAYSTONE_INPUT_RECORDING_FILE when there is no such file, or it is no recording */
export function readRecording(file: string): readonly RecordedExchange[] {
  const recording = objectOf(parseJson(readText(file)))
  if (recording['format'] !== recordingFormat || !isList(recording['exchanges'])) {
    throw new InputError(
      'WAYSTONE_INPUT_RECORDING_FILE',
      `${file} is no recording of format ${recordingFormat} of a model lab`,
    )
  }
  return recording['exchanges'].map((value, place) => readExchange(objectOf(value), { file, place }))
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new InputError('WAYSTONE_INPUT_RECORDING_FILE', `${file} cannot be read`, {}, error)
  }
}

function readExchange(
  { method, path, request, response }: JsonObject,
  { file, place }: { readonly file: string; readonly place: number },
): RecordedExchange {
  const { status, headers, json, indent, end, text, frames, cut } = objectOf(response)
  const body = isList(frames)
    ? frames.map((frame) => textOf(frame) ?? '')
    : json === undefined
      ? text
      : `${JSON.stringify(json, null, Number(indent ?? 0))}${typeof end === 'string' ? end : ''}`
  const isUsable = typeof method === 'string' && typeof path === 'string' && typeof status === 'number'
  if (!isUsable || body === undefined || (typeof body !== 'string' && !Array.isArray(body))) {
    throw new InputError('WAYSTONE_INPUT_RECORDING_FILE', `exchange ${place} of ${file} is not whole`)
  }
  return {
    method,
    path,
    request: request ?? null,
    response: {
      status,
      headers: Object.fromEntries(
        Object.entries(objectOf(headers)).map(([name, value]) => [name, textOf(value) ?? '']),
      ),
      body,
      isCut: cut === true,
    },
  }
}

function storedResponse({ status, headers, body, isCut }: RecordedResponse): JsonObject {
  const cut = isCut ? { cut: true } : {}
  return {
    status,
    headers: sorted(headers),
    ...(typeof body === 'string' ? storedBody(body) : { frames: body }),
    ...cut,
  }
}

/** A body as JSON when that gives back every byte, else as text. */
function storedBody(body: string): JsonObject {
  const json = parseJson(body)
  if (json === undefined) return { text: body }
  for (const indent of [0, 2, 4]) {
    const text = JSON.stringify(json, null, indent)
    const end = body.slice(text.length)
    if (body.startsWith(text) && /^\s*$/.test(end)) {
      return { json, ...(indent === 0 ? {} : { indent }), ...(end === '' ? {} : { end }) }
    }
  }
  return { text: body }
}

function sorted(value: Json): Json {
  return parseJson(canonicalText(value)) ?? null
}
