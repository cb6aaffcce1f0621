import type { Json, JsonObject } from '../base/json.ts'
import { nodeError } from '../errors/node-error.ts'
import { redactStream, redactText, type Finder, type RedactedStream } from './redact-stream.ts'
import type { SecretResolver } from './runtime.ts'

/** Shorter values are not looked for: they would tear ordinary text apart and hide nothing. */
const shortestSecret = 4

/**
 * Resolves secrets at the call, and takes every value it has given out back out of whatever is about to be stored or shown.
 *
 * A value is replaced by `[secret NAME]` in plain, base64 (at any offset), URL-encoded and JSON-escaped form.
 */
export interface SecretVault {
  /** @param group - whose own resolver is asked; absent: the runtime's. @throws {NodeError} WAYSTONE_NODE_SECRET_MISSING when the resolver knows no such secret */
  resolve(name: string, group?: string): Promise<string>
  /** True when the resolver knows it. @param group - as for a value */
  has(name: string, group?: string): Promise<boolean>
  /** The same value when it holds no secret; else a frozen copy without. */
  redact<Value>(value: Value): Value
  /** Redacts a text that comes in pieces: a value split over two of them is found as well. */
  redactStream(emit: (text: string) => void): RedactedStream
}

/** The default resolver: environment variables. */
export const environmentSecrets: SecretResolver = (name) => process.env[name]

/** Makes a vault over a resolver. Values are asked for at every call and kept only to find them again. */
export function createSecretVault(
  resolver: SecretResolver,
  groups: ReadonlyMap<string, SecretResolver> = new Map(),
): SecretVault {
  const forms = new Map<string, string>()
  let finder: Finder | null = null

  const learn = (name: string, value: string): void => {
    if (value.length < shortestSecret || forms.has(value)) return
    for (const form of formsOf(value)) if (!forms.has(form)) forms.set(form, `[secret ${name}]`)
    const longestFirst = [...forms.keys()].toSorted((left, right) => right.length - left.length)
    const pattern = new RegExp(
      longestFirst.map((form) => form.replaceAll(/[$()*+./?[\\\]^{|}-]/g, String.raw`\$&`)).join('|'),
      'g',
    )
    finder = { pattern, forms }
  }
  const look = async (name: string, group: string | undefined): Promise<string | undefined> => {
    const value = await (group === undefined ? resolver(name) : groups.get(group)?.(name))
    if (typeof value !== 'string' || value === '') return undefined
    learn(name, value)
    return value
  }
  const clean = (text: string): string => (finder === null ? text : redactText(finder, text))

  return {
    async resolve(name, group) {
      const value = await look(name, group)
      if (value === undefined) throw missingSecret(name, group)
      return value
    },
    has: async (name, group) => (await look(name, group)) !== undefined,
    // The walk keeps the shape of the value; only strings change.
    redact: (value) => (finder === null ? value : (redactJson(value as Json, clean) as typeof value)),
    redactStream: (emit) => redactStream(() => finder, emit),
  }
}

function missingSecret(name: string, group: string | undefined): Error {
  const whose = group === undefined ? "the runtime's resolver" : `the resolver of group ${JSON.stringify(group)}`
  return nodeError(
    'WAYSTONE_NODE_SECRET_MISSING',
    `secret ${JSON.stringify(name)} is not set; ${whose} gave nothing for it`,
    {
      details: { secret: name },
    },
  )
}

function formsOf(value: string): readonly string[] {
  const quoted = JSON.stringify(value).slice(1, -1)
  const encoded = [encodeURIComponent(value), new URLSearchParams({ v: value }).toString().slice(2)]
  const forms = [value, quoted, ...encoded, ...encoded.map(withLowerCodes)]
  const bytes = Buffer.from(value)
  for (const offset of [0, 1, 2]) {
    const form = base64At(bytes, offset)
    forms.push(form, form.replaceAll('+', '-').replaceAll('/', '_'))
  }
  return forms.filter((form) => form.length >= shortestSecret)
}

/** URL-encoded as some services write it: `%2f` for `%2F`. */
function withLowerCodes(encoded: string): string {
  return encoded.replaceAll(/%[0-9A-F]{2}/g, (code) => code.toLowerCase())
}

/** The letters of base64 that depend on these bytes alone when `offset` other bytes stand before them. */
function base64At(bytes: Buffer, offset: number): string {
  const text = Buffer.concat([Buffer.alloc(offset), bytes])
    .toString('base64')
    .replaceAll('=', '')
  const first = Math.ceil((offset * 8) / 6)
  const last = Math.floor(((offset + bytes.length) * 8) / 6)
  return text.slice(first, last)
}

function redactJson(value: Json, clean: (text: string) => string): Json {
  if (typeof value === 'string') return clean(value)
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return redactList(value as readonly Json[], clean)
  const object = value as JsonObject
  let copy: { [key: string]: Json } | undefined
  for (const key in object) {
    const item = object[key]
    if (item === undefined) continue
    const cleanKey = clean(key)
    const cleanItem = redactJson(item, clean)
    if (cleanItem === item && cleanKey === key) continue
    copy ??= { ...object }
    if (cleanKey !== key) delete copy[key]
    copy[cleanKey] = cleanItem
  }
  return copy === undefined ? value : Object.freeze(copy)
}

function redactList(list: readonly Json[], clean: (text: string) => string): Json {
  const items = list.map((item) => redactJson(item, clean))
  return items.every((item, index) => item === list[index]) ? list : Object.freeze(items)
}
