export { createSqliteGroupStore, type SqliteGroupStoreOptions } from './sqlite-group-store.ts'
export { createSqliteMemory, type SqliteMemoryOptions } from './sqlite-memory.ts'
export { createSqliteStore } from './sqlite-store.ts'
export type { SqliteStoreOptions } from './sqlite-file.ts'
