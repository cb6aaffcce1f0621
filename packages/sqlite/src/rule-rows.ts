import { parseStoredRule, type StickyRule, type Store, type StoredRule } from '@waystone/core/store'
import type { Database } from './database.ts'

interface RuleRow {
  readonly workflow: string
  readonly rule: string
  readonly revoked: string | null
}

const columns = 'SELECT workflow, rule, revoked FROM rules'

/** Decisions that are remembered in all runs of a workflow. */
export const ruleRows = {
  /** @param run - inside id of the run it was made in */
  insert(database: Database, run: number, rule: StickyRule): void {
    database
      .statement(
        'INSERT INTO rules (id, workflow, rule) SELECT ?, workflow, ? FROM runs WHERE id = ? ON CONFLICT DO NOTHING',
      )
      .run(rule.id, JSON.stringify(rule), run)
  },

  list(database: Database, workflow: string | undefined): readonly StoredRule[] {
    const found =
      workflow === undefined
        ? database.statement(`${columns} ORDER BY place`).all()
        : database.statement(`${columns} WHERE workflow = ? ORDER BY place`).all(workflow)
    return (found as unknown as readonly RuleRow[]).map(parseStoredRule)
  },

  revoke(database: Database, { id, ...revoked }: Parameters<Store['revokeRule']>[0]): StoredRule | undefined {
    database.statement('UPDATE rules SET revoked = ? WHERE id = ? AND revoked IS NULL').run(JSON.stringify(revoked), id)
    const row = database.statement(`${columns} WHERE id = ?`).get(id) as unknown as RuleRow | undefined
    return row === undefined ? undefined : parseStoredRule(row)
  },
}
