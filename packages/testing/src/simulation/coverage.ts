/** Counts of what was seen. */
export class Coverage {
  readonly #counts = new Map<string, number>()

  /** Counts one. Names that are no row are kept too, for looking closer. */
  count(name: string): void {
    this.#counts.set(name, (this.#counts.get(name) ?? 0) + 1)
  }

  of(name: string): number {
    return this.#counts.get(name) ?? 0
  }

  add(other: Coverage): void {
    for (const [name, count] of other.#counts) this.#counts.set(name, this.of(name) + count)
  }

  /** Those of the rows that were never seen. */
  missing(rows: readonly string[]): readonly string[] {
    return rows.filter((row) => this.of(row) === 0)
  }

  /** The table as text, one row a line. */
  toText(rows: readonly string[]): string {
    const width = Math.max(...rows.map((row) => row.length))
    return rows.map((row) => `${row.padEnd(width)}  ${String(this.of(row)).padStart(8)}`).join('\n')
  }
}
