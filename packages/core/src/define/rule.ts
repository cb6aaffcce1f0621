import type { z } from 'zod'

/** Marks a merge rule; its value is what `graph` reads. */
export const ruleMarker: unique symbol = Symbol.for('waystone.rule')

/** A merge rule as its author wrote it. */
export interface RuleDefinition {
  readonly rule: 'replace' | 'append' | 'merge' | 'union' | 'max' | 'min' | 'sum' | 'reducer'
  /** Of the whole value; for `append` and `union` of one item. */
  readonly schema: unknown
  readonly isOptional: boolean
  readonly options: Readonly<Record<string, unknown>>
}

/** A state key with its merge rule. `Value` is what is read, `Patch` what a patch may hold. */
export interface Rule<Value, Patch, Presence extends 'required' | 'optional'> {
  readonly [ruleMarker]: RuleDefinition
  readonly '~value': Value
  readonly '~patch': Patch
  readonly '~presence': Presence
  /** The same rule for a key that may be absent. */
  optional(): Rule<Value, Patch, 'optional'>
}

/** Whether a key with this schema may be absent. */
export type PresenceOf<Schema extends z.core.$ZodType> = undefined extends z.output<Schema> ? 'optional' : 'required'
/** What a key with this schema holds when it is there. */
export type Present<Schema extends z.core.$ZodType> = Exclude<z.output<Schema>, undefined>

/** A reducer of one state key. Must be pure. */
export interface ReducerOptions<Value, Patch> {
  /** Part of the graph's identity, since function text is not. */
  readonly name: string
  /** Raise it when the function's meaning changes; default 1. */
  readonly version?: number
  /** What a patch may hold; default: the key's own schema. */
  readonly patch?: z.core.$ZodType<Patch>
  /** @param current - undefined before the first write; it may be changed in place @returns the next value; nothing when `current` was changed */
  // oxlint-disable-next-line typescript/no-invalid-void-type -- a reducer that changes `current` in place returns nothing
  reduce(current: Value | undefined, incoming: Patch): Value | void
}

function makeRule(
  rule: RuleDefinition['rule'],
  schema: unknown,
  more: { options?: object; isOptional?: boolean } = {},
): unknown {
  const definition: RuleDefinition = {
    rule,
    schema,
    isOptional: more.isOptional ?? false,
    options: Object.freeze({ ...more.options }),
  }
  return Object.freeze({
    [ruleMarker]: Object.freeze(definition),
    optional: () => makeRule(rule, schema, { ...more, isOptional: true }),
  })
}

/** How values of a state key are combined with a patch. Without a rule a patch replaces the value. */
export const rule = {
  /** The patch's value replaces the old one; the same as the bare schema. */
  replace<Schema extends z.core.$ZodType>(schema: Schema): Rule<Present<Schema>, Present<Schema>, PresenceOf<Schema>> {
    return makeRule('replace', schema) as Rule<Present<Schema>, Present<Schema>, PresenceOf<Schema>>
  },
  /**
   * A list; a patch holds the items to add.
   *
   * @param item - schema of one item
   * @param options - `key`: field that identifies an item; an item whose key is present replaces that one in its place
   */
  append<Item extends z.core.$ZodType>(
    item: Item,
    options?: { readonly key?: NoInfer<keyof z.output<Item> & string> },
  ): Rule<readonly z.output<Item>[], readonly z.output<Item>[], 'required'> {
    return makeRule('append', item, options === undefined ? {} : { options }) as Rule<
      readonly z.output<Item>[],
      readonly z.output<Item>[],
      'required'
    >
  },
  /** A list as a set: items of the patch that are not yet present (by JSON equality) are added in order. */
  union<Item extends z.core.$ZodType>(
    item: Item,
  ): Rule<readonly z.output<Item>[], readonly z.output<Item>[], 'required'> {
    return makeRule('union', item) as Rule<readonly z.output<Item>[], readonly z.output<Item>[], 'required'>
  },
  /** An object; the patch's keys are written over, one level deep. */
  merge<Schema extends z.core.$ZodType<object | undefined>>(
    schema: Schema,
  ): Rule<Present<Schema>, Partial<Present<Schema>>, PresenceOf<Schema>> {
    return makeRule('merge', schema) as Rule<Present<Schema>, Partial<Present<Schema>>, PresenceOf<Schema>>
  },
  /** The larger of the two numbers. */
  max<Schema extends z.core.$ZodType<number | undefined>>(schema: Schema): Rule<number, number, PresenceOf<Schema>> {
    return makeRule('max', schema) as Rule<number, number, PresenceOf<Schema>>
  },
  /** The smaller of the two numbers. */
  min<Schema extends z.core.$ZodType<number | undefined>>(schema: Schema): Rule<number, number, PresenceOf<Schema>> {
    return makeRule('min', schema) as Rule<number, number, PresenceOf<Schema>>
  },
  /** The sum of the two numbers; the first write is the sum with 0. */
  sum<Schema extends z.core.$ZodType<number | undefined>>(schema: Schema): Rule<number, number, PresenceOf<Schema>> {
    return makeRule('sum', schema) as Rule<number, number, PresenceOf<Schema>>
  },
  /** A named function of the old value and the patch. */
  reducer<Schema extends z.core.$ZodType, Patch = Present<Schema>>(
    schema: Schema,
    options: ReducerOptions<Present<Schema>, Patch>,
  ): Rule<Present<Schema>, Patch, PresenceOf<Schema>> {
    return makeRule('reducer', schema, { options }) as Rule<Present<Schema>, Patch, PresenceOf<Schema>>
  },
} as const
