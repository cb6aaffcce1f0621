import type { Tables } from './tables.ts'

/** Version of the tables, kept in `user_version`. A file with a higher one is refused, one with a lower one is brought up to this. */
const schemaVersion = 5

/** Marks a file as ours, kept in `application_id`: "WAYS". */
const applicationId = 0x57_41_59_53

/**
 * Every checkpoint whose sequence is a multiple of this is in the index; the others are reached from the next one through `previous`.
 *
 * So a commit writes two pages, not three, which a single run feels.
 */
export const indexedEvery = 64

/**
 * Bytes. A commit writes two pages to the log, so small pages are fast ones (6.6 µs of 4 KB, 10.5 of 16 KB, without fsync); texts
 * that would fill them badly are compressed.
 */
const pageSize = 4096

/**
 * The tables of version 1.
 *
 * Runs have small integer ids inside. The hash of a run's last checkpoint stands with the run; of the others it follows from the text,
 * and the chain inside the texts holds them. A text, graph or keyframe is a blob when it is compressed. `previous` is the position of the run's checkpoint before.
 */
const schema = `
  CREATE TABLE graphs (
    id INTEGER PRIMARY KEY,
    graph_hash TEXT NOT NULL,
    behaviour_hash TEXT NOT NULL,
    graph TEXT NOT NULL,
    UNIQUE (graph_hash, behaviour_hash)
  );
  CREATE TABLE owners (
    id INTEGER PRIMARY KEY,
    owner TEXT NOT NULL UNIQUE,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    started_at TEXT NOT NULL
  );
  CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    run TEXT NOT NULL UNIQUE,
    workflow TEXT NOT NULL,
    version INTEGER NOT NULL,
    graph INTEGER NOT NULL REFERENCES graphs (id),
    key TEXT,
    tags TEXT,
    origin TEXT,
    created_at INTEGER NOT NULL,
    fence INTEGER NOT NULL,
    owner INTEGER REFERENCES owners (id),
    lease_until INTEGER,
    sequence INTEGER NOT NULL,
    head INTEGER NOT NULL,
    hash BLOB NOT NULL,
    status TEXT NOT NULL,
    due_at INTEGER,
    summary TEXT NOT NULL,
    updated_at INTEGER NOT NULL
  );
  CREATE UNIQUE INDEX runs_by_key ON runs (workflow, key) WHERE key IS NOT NULL;
  CREATE INDEX runs_due ON runs (due_at) WHERE due_at IS NOT NULL;
  CREATE INDEX runs_running ON runs (id) WHERE status = 'running';
  CREATE TABLE checkpoints (
    position INTEGER PRIMARY KEY,
    run INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    previous INTEGER,
    text TEXT NOT NULL,
    keyframe TEXT
  );
  CREATE UNIQUE INDEX checkpoints_by_sequence ON checkpoints (run, sequence)
    WHERE sequence % ${indexedEvery} = 0 OR keyframe IS NOT NULL;
  CREATE TABLE blobs (
    hash BLOB PRIMARY KEY,
    text TEXT NOT NULL
  );
  CREATE TABLE marks (
    run INTEGER NOT NULL,
    step INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (run, step, attempt)
  ) WITHOUT ROWID;
  CREATE TABLE inbox (
    position INTEGER PRIMARY KEY,
    run INTEGER NOT NULL,
    event_id TEXT NOT NULL,
    event TEXT,
    UNIQUE (run, event_id)
  );
  CREATE INDEX inbox_open ON inbox (run) WHERE event IS NOT NULL;
`

/** What each version added to the tables of the one before. Never changed: files of every version stay readable. */
const migrations: readonly { readonly to: number; readonly sql: string }[] = [
  {
    to: 2,
    sql: `
  CREATE TABLE permits (
    ticket INTEGER PRIMARY KEY,
    owner INTEGER NOT NULL REFERENCES owners (id),
    run TEXT NOT NULL,
    step INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    claims TEXT NOT NULL,
    expires_at INTEGER NOT NULL,
    granted_at INTEGER,
    began_at INTEGER
  );
  CREATE TABLE window_uses (
    resource TEXT NOT NULL,
    unit TEXT NOT NULL,
    per_ms INTEGER NOT NULL,
    at INTEGER NOT NULL,
    amount INTEGER NOT NULL,
    PRIMARY KEY (resource, unit, per_ms, at)
  ) WITHOUT ROWID;
  CREATE TABLE resource_blocks (
    resource TEXT PRIMARY KEY,
    until INTEGER NOT NULL
  ) WITHOUT ROWID;
  CREATE TABLE permit_version (version INTEGER NOT NULL);
  INSERT INTO permit_version (version) VALUES (0);
`,
  },
  {
    // Who uses the blobs of a file of version 2 is in compressed texts: they belong to run 0, which is never deleted.
    to: 3,
    sql: `
  CREATE TABLE blob_users (
    blob BLOB NOT NULL,
    run INTEGER NOT NULL,
    PRIMARY KEY (blob, run)
  ) WITHOUT ROWID;
  CREATE INDEX blob_users_by_run ON blob_users (run);
  INSERT INTO blob_users (blob, run) SELECT hash, 0 FROM blobs;
  CREATE TABLE deleted_runs (
    id INTEGER PRIMARY KEY,
    run TEXT NOT NULL,
    deleted_at INTEGER NOT NULL
  );
`,
  },
  {
    to: 4,
    sql: `
  CREATE TABLE rules (
    place INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    workflow TEXT NOT NULL,
    rule TEXT NOT NULL,
    revoked TEXT
  );
  CREATE INDEX rules_by_workflow ON rules (workflow);
`,
  },
  {
    // Of events that no checkpoint could use: what became of them, as JSON.
    to: 5,
    sql: `
  ALTER TABLE inbox ADD COLUMN refused TEXT;
  CREATE INDEX inbox_refused ON inbox (run) WHERE refused IS NOT NULL;
`,
  },
]

/** The tables of runs. */
export const runTables: Tables = {
  version: schemaVersion,
  applicationId,
  pageSize,
  // Costs a commit nothing that can be measured: runs only grow until they are deleted.
  isErased: true,
  first: schema,
  migrations,
  otherThan: 'something else than runs',
  missing: { what: 'store', creator: 'a run' },
}
