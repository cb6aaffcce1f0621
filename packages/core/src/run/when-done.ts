/** True for a promise of any library. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' && value !== null && typeof (value as { readonly then?: unknown }).then === 'function'
  )
}

/** Goes on at once with a plain value, later with a promised one: synchronous author code costs no promise. */
export function whenDone<Result>(value: unknown, goOn: (value: unknown) => Result): Result | Promise<Awaited<Result>> {
  if (!isThenable(value)) return goOn(value)
  return Promise.resolve(value).then(goOn) as Promise<Awaited<Result>>
}
