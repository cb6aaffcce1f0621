import type { Tables } from './tables.ts'

/** The tables of a group's own store, in a file of their own. The key is made with the file, and every reference with the key. */
export const groupTables: Tables = {
  version: 1,
  // "WAYG"
  applicationId: 0x57_41_59_47,
  pageSize: 4096,
  otherThan: "something else than a group's own store",
  missing: { what: 'store of a group', creator: 'a run' },
  migrations: [],
  first: `
  CREATE TABLE sealed (
    run TEXT NOT NULL,
    reference TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (run, reference)
  );
  CREATE TABLE keys (id INTEGER PRIMARY KEY CHECK (id = 1), key TEXT NOT NULL);
`,
}
