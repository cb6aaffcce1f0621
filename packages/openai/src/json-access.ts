import type { Json, JsonObject } from '@waystone/core'

/** The value when it is a plain object, else an empty one: what servers leave out must not make reading them throw. */
export function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {}
}

/** The value when it is a list, else an empty one. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? (value as readonly unknown[]) : []
}

/** The value when it is a text. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** A copy of what came parsed from a wire; undefined fields fall out. */
export function jsonOf(value: unknown): JsonObject {
  return JSON.parse(JSON.stringify(value)) as JsonObject
}

/** Arguments as a model wrote them; text that is no JSON is kept as `{ "$malformed": text }`, none at all is `{}`. */
export function parseArguments(text: string): Json {
  if (text.trim() === '') return {}
  try {
    return JSON.parse(text) as Json
  } catch {
    return { $malformed: text }
  }
}

/** A code as providers write it, a text or a number. */
export function codeOf(value: unknown): string | undefined {
  return typeof value === 'number' ? String(value) : textOf(value)
}
