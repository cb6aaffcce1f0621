import type { Statement } from '../notes/draft.ts'
import type { PromptChange } from '../prompts.ts'

/** One change as one statement; a breaking change's own note is added. */
export function toStatement(change: PromptChange): Statement {
  const isSaid = change.note === '' || change.title.toLowerCase().includes(change.note.toLowerCase())
  return {
    area: change.area,
    text: `${change.title}${isSaid ? '' : `. ${change.note}`}`.slice(0, 600),
    commits: [change.id],
  }
}
