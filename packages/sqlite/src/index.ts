export { createSqliteMemory, type SqliteMemoryOptions } from './sqlite-memory.ts'
export { createSqliteStore, type SqliteStoreOptions } from './sqlite-store.ts'
