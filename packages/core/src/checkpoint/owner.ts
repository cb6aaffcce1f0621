/** Who drives runs: enough to tell on one host whether it still lives. */
export interface Owner {
  /** Unique per runtime instance. */
  readonly id: string
  readonly host: string
  readonly pid: number
  /** When that process began, as the system tells it; tells a reused pid apart. */
  readonly processStartedAt: string
}
