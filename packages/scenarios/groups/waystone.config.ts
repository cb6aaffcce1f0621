import { defineConfig } from '@waystone/core'
import { createSqliteGroupStore } from '@waystone/sqlite'

const path = process.env['WAYSTONE_VAULT']

// The config of a file that lies beside it: who is not told where the vault is runs without it.
export default defineConfig(
  path === undefined ? {} : { groups: { billing: { store: createSqliteGroupStore({ path, durability: 'process' }) } } },
)
