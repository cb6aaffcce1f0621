import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { pages } from './docs.ts'
import { root } from './workspace.ts'

for (const { path, text, fresh } of pages()) {
  if (fresh === text) continue
  writeFileSync(join(root, path), fresh)
  console.log(`updated ${path}`)
}
