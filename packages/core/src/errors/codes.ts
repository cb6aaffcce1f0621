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
  WAYSTONE_INPUT_ARGUMENT: {
    family: 'input',
    means: 'An argument or option of the command does not mean anything.',
    remedy: 'Give what the message says is allowed; `--help` shows an example.',
  },
  WAYSTONE_INPUT_CONFIG: {
    family: 'input',
    means: "A configuration, or a workflow file's `offlineModels`, has not the shape it must have.",
    remedy:
      'Export `defineConfig({ … })` by default from waystone.config.ts; `offlineModels` is an object of models by name.',
  },
  WAYSTONE_INPUT_FILE_FAILED: {
    family: 'input',
    means:
      'A workflow or configuration file has a syntax error, imports something that is missing, or threw while it was loaded.',
    remedy: 'Mend the file at the place named; it must load by itself, without a run.',
  },
  WAYSTONE_INPUT_FILE_MISSING: {
    family: 'input',
    means: 'There is no module at the path that was given.',
    remedy: 'Check the path; it is relative to the working folder.',
  },
  WAYSTONE_INPUT_MODELS_MISSING: {
    family: 'input',
    means: 'A workflow asks for models by names that nothing is bound to.',
    remedy:
      'Without `--live`, export `offlineModels` from the workflow file or put them into waystone.config.ts; with `--live`, put `models` there.',
  },
  WAYSTONE_INPUT_NOT_JSON: {
    family: 'input',
    means: 'A value does not survive JSON.',
    remedy: 'Convert it at the path named: dates to ISO strings, BigInt to string, class instances to plain objects.',
  },
  WAYSTONE_INPUT_RUN_AMBIGUOUS: {
    family: 'input',
    means: "The beginning of a run's id fits several runs.",
    remedy: 'Give more letters of the id; `waystone runs` lists them.',
  },
  WAYSTONE_INPUT_WORKFLOW_AMBIGUOUS: {
    family: 'input',
    means: 'A file exports several workflows and none was named.',
    remedy: 'Name one: `FILE#export`.',
  },
  WAYSTONE_INPUT_WORKFLOW_MISSING: {
    family: 'input',
    means: 'A file exports no workflow, or none under the name that was given.',
    remedy: 'Export what `w.workflow(…)` returns and name that export.',
  },
  WAYSTONE_STORE_CLOSED: {
    family: 'store',
    means: 'The store was used after it had been closed.',
    remedy: 'Close the runtime before the store, or create a new store over the same file.',
  },
  WAYSTONE_STORE_CONFLICT: {
    family: 'store',
    means: 'Another owner has advanced or taken the run; nothing was written.',
    remedy: 'Stop driving the run here. Open it again to see who owns it now.',
  },
  WAYSTONE_STORE_CORRUPT: {
    family: 'store',
    means: 'Stored data is damaged, was changed by hand, or its chain of hashes does not hold.',
    remedy: 'Restore the store from a backup, or fork the run from the last sequence before the one named.',
  },
  WAYSTONE_STORE_FAILED: {
    family: 'store',
    means: 'The store could not do what it was asked for; the cause says why. Nothing was written.',
    remedy: 'Mend the cause (path, permissions, disk), then resume the run.',
  },
  WAYSTONE_STORE_FULL: {
    family: 'store',
    means: 'The disk of the store is full. Nothing was written.',
    remedy: 'Free space on that disk, then resume the run.',
  },
  WAYSTONE_STORE_LOCKED: {
    family: 'store',
    means: 'Another process held the lock of the store for too long. Nothing was written.',
    remedy: 'End the program that holds the file open (a database browser, a backup), then resume the run.',
  },
  WAYSTONE_STORE_NETWORK_DRIVE: {
    family: 'store',
    means: 'The store would lie on a network drive, where its locks and its log are not safe.',
    remedy: 'Choose a path on a local disk.',
  },
  WAYSTONE_STORE_NEWER_FORMAT: {
    family: 'store',
    means: 'The data was written by a newer Waystone than this one.',
    remedy: 'Upgrade Waystone to at least the version that wrote it.',
  },
  WAYSTONE_STORE_READ_ONLY: {
    family: 'store',
    means: 'The store cannot be written: file, folder or disk is read-only for this user.',
    remedy: 'Give this user write permission for the file and its folder, or choose another path.',
  },
  WAYSTONE_STORE_RUN_EXISTS: {
    family: 'store',
    means: 'A run with this id is already stored.',
    remedy: 'Start with another run id, or open the run that exists.',
  },
  WAYSTONE_STORE_RUN_UNKNOWN: {
    family: 'store',
    means: 'No run with this id is in the store.',
    remedy: 'Check the id and the path of the store; `waystone runs` lists what is there.',
  },
} as const satisfies Record<string, CodeEntry>

/** A code of the table {@link errorCodes}. */
export type ErrorCode = keyof typeof errorCodes
