/** What was thrown, in words. Never throws itself, whatever it is given. */
export function describeThrown(thrown: unknown): string {
  try {
    return thrown instanceof Error ? thrown.message : String(thrown)
  } catch {
    return 'a value that cannot be shown'
  }
}
