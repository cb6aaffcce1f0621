import { errorCodes } from '../../core/src/errors/codes.ts'
import { withFreshErrors } from './errors-page.ts'
import { withFreshSnippets } from './snippets.ts'
import { projectFiles, readText } from './workspace.ts'

/** Every Markdown page, with its text and the text it should have. */
export function pages(): readonly { path: string; text: string; fresh: string }[] {
  return projectFiles(/\.md$/).map((path) => {
    const text = readText(path)
    return { path, text, fresh: withFreshErrors(withFreshSnippets(text, readText), errorCodes) }
  })
}
