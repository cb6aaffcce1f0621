/**
 * What may happen when an effect's end is not known: `pure` and `idempotent` may be repeated, `keyed` de-duplicates by the
 * effect id it is given, `unsafe` is never repeated. A node may only move a tool's class to the right.
 *
 * Order: from careless to careful.
 */
export const effectClasses = ['pure', 'idempotent', 'keyed', 'unsafe'] as const
/** See {@link effectClasses}. */
export type EffectClass = (typeof effectClasses)[number]
