/** What a database file of one kind holds, and how it came to be so. */
export interface Tables {
  /** Kept in `user_version`. A file with a higher one is refused, one with a lower one is brought up to this. */
  readonly version: number
  /** Marks a file as one of this kind, kept in `application_id`. */
  readonly applicationId: number
  /** Bytes. */
  readonly pageSize: number
  /** True when rows and pages that are freed are overwritten. */
  readonly isErased?: boolean
  /** SQL of version 1. */
  readonly first: string
  /** What each version added to the one before. Never changed: files of every version stay readable. */
  readonly migrations: readonly { readonly to: number; readonly sql: string }[]
  /** For the message about a file of another kind, e.g. `something else than runs`. */
  readonly otherThan: string
  /** For the message about a file that must be there and is not: what it would be, and what creates it. */
  readonly missing: { readonly what: string; readonly creator: string }
}
