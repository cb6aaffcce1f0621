/** Whose fault an error is, and so what happens next. One class per family. */
export type ErrorFamily = 'definition' | 'input' | 'node' | 'store' | 'replay' | 'bug'

interface CodeEntry {
  readonly family: ErrorFamily
  /** One sentence: what it means. */
  readonly means: string
  /** One sentence: what to do about it. */
  readonly remedy: string
}

/**
 * Every code that Waystone can give, with its meaning and remedy. Codes are stable for ever: rename nothing, reuse nothing.
 *
 * Source: docs/errors.md is checked against this table.
 */
export const errorCodes = {
  WAYSTONE_INPUT_NOT_JSON: {
    family: 'input',
    means: 'A value does not survive JSON.',
    remedy: 'Convert it at the path named: dates to ISO strings, BigInt to string, class instances to plain objects.',
  },
} as const satisfies Record<string, CodeEntry>

/** A code of the table {@link errorCodes}. */
export type ErrorCode = keyof typeof errorCodes
