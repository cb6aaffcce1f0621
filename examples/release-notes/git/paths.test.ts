import { describe, expect, it } from 'vitest'
import { areaOf, touchesOf } from './paths.ts'

describe('touchesOf', () => {
  it.each([
    ['src/index.ts', ['source']],
    ['src/index.test.ts', ['tests']],
    ['test/fixtures/a.json', ['tests']],
    ['docs/guide.md', ['docs']],
    ['README', ['docs']],
    ['LICENSE', ['docs']],
    ['.github/workflows/ci.yml', ['ci']],
    ['package.json', ['deps']],
    ['crates/core/Cargo.toml', ['deps']],
    ['.editorconfig', ['config']],
    ['examples/a/index.ts', ['examples']],
    ['CHANGELOG.md', []],
    ['.changeset/brave-cats.md', []],
    ['History.md', []],
    ['examples/release-notes/demo.ts', ['examples']],
    ['requirements/dev.txt', ['deps']],
    ['dist/index.js', []],
  ])('knows %s', (path, touches) => {
    expect(touchesOf([path])).toEqual(touches)
  })

  it('names each kind once, in order', () => {
    expect(touchesOf(['src/b.ts', 'test/b.ts', 'src/a.ts', 'docs/a.md'])).toEqual(['docs', 'source', 'tests'])
  })
})

describe('areaOf', () => {
  it('is the folder of most source files, below such as packages', () => {
    expect(areaOf(['packages/core/src/a.ts', 'packages/core/src/b.ts', 'packages/cli/src/a.ts'])).toBe('packages/core')
    expect(areaOf(['lib/a.js', 'test/a.js', 'test/b.js'])).toBe('lib')
    expect(areaOf(['index.js'])).toBe('')
    expect(areaOf([])).toBe('')
  })
})
