import type { IncomingHttpHeaders } from 'node:http'
import type { Json } from '@waystone/core'
import { isList, isObject } from './json-access.ts'

/** What stands where a secret was. */
const hidden = '[secret]'

const secretHeaders = new Set([
  'authorization',
  'proxy-authorization',
  'api-key',
  'x-api-key',
  'x-goog-api-key',
  'cookie',
  'set-cookie',
])

/** Request headers, one text each, with `[secret]` for what must not be kept. */
export function publicHeaders(headers: IncomingHttpHeaders): Readonly<Record<string, string>> {
  const entries = Object.entries(headers).flatMap(([name, value]) => {
    if (value === undefined) return []
    return [[name, secretHeaders.has(name) ? hidden : [value].flat().join(', ')] as const]
  })
  return Object.fromEntries(entries)
}

/** A path without the values of parameters that carry keys: some services take them in the query. */
export function publicPath(path: string): string {
  return path.replaceAll(/(?<=[?&](?:key|api-key|api_key|token|access_token)=)[^&]*/gi, hidden)
}

/** The values that the headers of a request keep secret: keys and tokens, without a scheme such as `Bearer`. */
export function secretsIn(headers: IncomingHttpHeaders): readonly string[] {
  return Object.entries(headers).flatMap(([name, value]) => {
    if (value === undefined || !secretHeaders.has(name)) return []
    return [value].flat().map((text) => text.replace(/^(bearer|basic|token) +/i, ''))
  })
}

/** Shorter values are no secrets: taking them out would take out half of the text. */
const shortestSecret = 6

/** A text without the given values, and without anything that looks like a key of OpenAI. */
export function hideIn(text: string, secrets: readonly string[]): string {
  let clean = text
  for (const secret of secrets) {
    if (secret.length >= shortestSecret) clean = clean.replaceAll(secret, hidden)
  }
  return clean.replaceAll(/\bsk-(?=[\w*-]*\d)[\w*-]{16,}/g, hidden)
}

/** A JSON value with {@link hideIn} applied to every text in it, keys included. */
export function hideInJson(value: Json, secrets: readonly string[]): Json {
  if (typeof value === 'string') return hideIn(value, secrets)
  if (isList(value)) return value.map((entry) => hideInJson(entry, secrets))
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, entry]) => [hideIn(key, secrets), hideInJson(entry, secrets)]),
  )
}
