import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { configNames, nearest, projectFolder } from './project.ts'

let root = ''
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'waystone-project-'))
  mkdirSync(join(root, 'a/b'), { recursive: true })
})
afterEach(() => rmSync(root, { recursive: true }))

describe('nearest', () => {
  it('looks in the folder first, then upwards', () => {
    writeFileSync(join(root, 'waystone.config.ts'), '')
    expect(nearest(configNames, join(root, 'a/b'))).toBe(join(root, 'waystone.config.ts'))
    writeFileSync(join(root, 'a/waystone.config.mjs'), '')
    expect(nearest(configNames, join(root, 'a/b'))).toBe(join(root, 'a/waystone.config.mjs'))
    expect(nearest(configNames, root)).toBe(join(root, 'waystone.config.ts'))
  })

  it('finds nothing where there is nothing', () => {
    expect(nearest(['waystone-is-not-here.ts'], root)).toBeUndefined()
  })
})

describe('projectFolder', () => {
  it('is where the nearest configuration or package.json lies', () => {
    writeFileSync(join(root, 'package.json'), '{}')
    expect(projectFolder(join(root, 'a/b'))).toBe(root)
    writeFileSync(join(root, 'a/waystone.config.ts'), '')
    expect(projectFolder(join(root, 'a/b'))).toBe(join(root, 'a'))
  })
})
