import type { Tables } from './tables.ts'

/**
 * The tables of long-term memory, in a file of their own: no run is in it, and whoever deletes runs does not touch it.
 *
 * A scope is one text, in which every part is ended by U+001F, so that what is below a scope is a range. The index of terms holds no text: terms are
 * made by core's `termsOf`, and written in ASCII, which SQLite only has to split at spaces.
 */
export const memoryTables: Tables = {
  version: 1,
  // "WAYM"
  applicationId: 0x57_41_59_4d,
  pageSize: 4096,
  otherThan: 'something else than long-term memory',
  missing: { what: 'long-term memory', creator: 'the first thing remembered' },
  migrations: [],
  first: `
  CREATE TABLE entries (
    id INTEGER PRIMARY KEY,
    scope TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    text TEXT NOT NULL,
    tags TEXT NOT NULL,
    revision INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    expires_at INTEGER,
    UNIQUE (scope, key)
  );
  CREATE INDEX entries_expiring ON entries (expires_at) WHERE expires_at IS NOT NULL;
  CREATE VIRTUAL TABLE terms USING fts5 (words, content = '', contentless_delete = 1, tokenize = 'ascii');
  CREATE TABLE writes (
    id TEXT PRIMARY KEY,
    at INTEGER NOT NULL,
    answer TEXT NOT NULL
  ) WITHOUT ROWID;
  CREATE INDEX writes_by_age ON writes (at);
  CREATE TABLE revisions (last INTEGER NOT NULL);
  INSERT INTO revisions (last) VALUES (0);
`,
}
