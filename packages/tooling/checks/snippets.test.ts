import { describe, expect, it } from 'vitest'
import { withFreshSnippets } from '../src/snippets.ts'

const file = `import { a } from 'a'
function f() {
  // #region body
  const b = 1

  if (b) {
    // #region inner
    a(b)
    // #endregion inner
  }
  // #endregion body
}
`

const page = (code: string, name = 'body'): string =>
  `# T\n\n<!-- snippet: f.ts#${name} -->\n\n\`\`\`ts\n${code}\`\`\`\n\nEnd.\n`

describe('withFreshSnippets', () => {
  it('puts the region into the block, without markers and common indentation', () => {
    expect(withFreshSnippets(page('old\n'), () => file)).toBe(page('const b = 1\n\nif (b) {\n  a(b)\n}\n'))
    expect(withFreshSnippets(page('', 'inner'), () => file)).toBe(page('a(b)\n', 'inner'))
  })

  it('puts a block where there is only a marker, so that no page shows nothing', () => {
    const bare = '# T\n\n<!-- snippet: f.ts#inner -->\n\nEnd.\n'
    expect(withFreshSnippets(bare, () => file)).toBe(page('a(b)\n', 'inner'))
  })

  it('leaves a fresh page alone', () => {
    const fresh = withFreshSnippets(page('old\n'), () => file)
    expect(withFreshSnippets(fresh, () => file)).toBe(fresh)
  })

  it('refuses a region that the file does not have', () => {
    expect(() => withFreshSnippets(page('', 'other'), () => file)).toThrow('f.ts has no lines between "#region other"')
  })
})
