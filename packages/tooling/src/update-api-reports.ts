import { apiEntries, extractApi } from './api-reports.ts'

for (const entry of apiEntries()) {
  const { isChanged, complaints } = extractApi(entry, true)
  if (isChanged) console.log(`updated ${entry.folder}/api/${entry.name}.api.md`)
  for (const complaint of complaints) console.error(complaint)
  if (complaints.length > 0) process.exitCode = 1
}
