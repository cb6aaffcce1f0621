import type { Tables } from './tables.ts'

/** Bytes of a page. Small: a value takes a page more than it is long. */
const pageSize = 1024

/**
 * The tables of a group's own store, in a file of their own. The key is made with the file, and every reference with the key.
 *
 * Before its text a row has a margin as long as a page, so that the text stands in overflow pages only: these stay where they are until they are freed, and
 * are overwritten then. What stands in the pages of the tree itself is copied as rows come and go, and SQLite leaves what it has copied.
 */
export const groupTables: Tables = {
  version: 1,
  // "WAYG"
  applicationId: 0x57_41_59_47,
  pageSize,
  isErased: true,
  otherThan: "something else than a group's own store",
  missing: { what: 'store of a group', creator: 'a run' },
  migrations: [],
  first: `
  CREATE TABLE sealed (
    run TEXT NOT NULL,
    reference TEXT NOT NULL,
    margin BLOB NOT NULL DEFAULT (zeroblob(${pageSize})),
    text TEXT NOT NULL,
    PRIMARY KEY (run, reference)
  );
  CREATE TABLE keys (id INTEGER PRIMARY KEY CHECK (id = 1), key TEXT NOT NULL);
`,
}
