import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { InputError, type Json, type JsonObject } from '@waystone/core'

/** Where a JSON argument comes from. */
export interface JsonArgument {
  /** JSON, or `@file` with JSON in it. */
  readonly text: string
  /** The option, for messages. */
  readonly option: string
  readonly cwd: string
}

/** Reads a JSON argument. @throws {InputError} WAYSTONE_INPUT_ARGUMENT when it is no JSON or the file cannot be read */
export function readJson({ text, option, cwd }: JsonArgument): Json {
  const source = text.startsWith('@') ? readText(resolve(cwd, text.slice(1)), option) : text
  try {
    return JSON.parse(source) as Json
  } catch (error) {
    const found = source.length > 60 ? `${source.slice(0, 60)}…` : source
    // A word without its quotes is what people type first.
    const quoted = /^[\w .,:/-]+$/.test(source) ? `; a text has quotes of its own: '${JSON.stringify(source)}'` : ''
    throw argumentError(
      `${option}: found ${JSON.stringify(found)}, which is no JSON (${detail(error)}); allowed is JSON, or @file with JSON in it${quoted}`,
    )
  }
}

/** Like {@link readJson}, for an object. */
export function readJsonObject(argument: JsonArgument): JsonObject {
  const value = readJson(argument)
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as JsonObject
  const found = value === null ? 'null' : Array.isArray(value) ? 'a list' : `a ${typeof value}`
  throw argumentError(`${argument.option}: found ${found}; allowed is a JSON object such as {"topic":"tides"}`)
}

/** An error of the command line itself. @param message - names the argument, what was found and what is allowed */
export function argumentError(message: string): InputError {
  return new InputError('WAYSTONE_INPUT_ARGUMENT', message)
}

/** Reads a whole number of 0 or more. @throws {InputError} WAYSTONE_INPUT_ARGUMENT */
export function readCount(text: string, option: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text)
  throw argumentError(`${option}: found ${JSON.stringify(text)}; allowed is a whole number of 0 or more`)
}

function readText(path: string, option: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw argumentError(`${option}: the file ${path} cannot be read (${detail(error)})`)
  }
}

function detail(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
