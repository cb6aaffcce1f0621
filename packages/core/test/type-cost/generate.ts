const imports = [
  "import { defineState, defineTool, END, FAIL, rule } from '@waystone/core'",
  "import { z } from 'zod'",
  '',
]

/** Writes a module that only imports what the others use: what they cost beyond it is what an author pays. */
export function generateImports(): string {
  return [...imports, 'export { defineState, defineTool, END, FAIL, rule, z }', ''].join('\n')
}

/**
 * Writes a workflow with 40 state keys and a number of nodes of all kinds, each with reads, writes, functions and edges, as an
 * author would write it by hand.
 *
 * @param nodes - 4 to 2,000
 * @returns the text of a TypeScript module
 */
export function generateWorkflow(nodes: number): string {
  const names = Array.from({ length: nodes }, (_, index) => `node${index}`)
  const edges = names.map((name, index) => `    ${name}: ${edgesOf(index, names[index + 1])},`)
  return [
    ...imports,
    'const w = defineState({',
    ...Array.from({ length: 40 }, (_, index) => `  key${index}: ${schemaOf(index)},`),
    '})',
    '',
    "const isReady = w.guard('isReady', ['key1'], ({ key1 }) => key1 !== undefined && key1 > 3)",
    '',
    'const work = defineTool({',
    "  name: 'work',",
    "  description: 'Does the work.',",
    '  input: z.object({ text: z.string() }),',
    '  output: z.object({ text: z.string() }),',
    '  run: ({ text }) => ({ text }),',
    '})',
    '',
    'const n = w.nodes({',
    ...names.map((name, index) => `  ${name}: ${nodeOf(index)},`),
    '})',
    '',
    "export const generated = w.workflow('generated', {",
    '  input: z.object({ key0: z.string() }),',
    "  output: ['key4'],",
    '  nodes: n,',
    '  start: n.node0,',
    '  edges: {',
    ...edges,
    '  },',
    '  limits: { steps: 1_000 },',
    "  policies: [{ never: work, without: [n.node3, 'approved'], given: w.not(isReady) }],",
    '})',
    '',
  ].join('\n')
}

function schemaOf(index: number): string {
  switch (index % 4) {
    case 0:
      return 'z.string()'
    case 1:
      return 'z.number().optional()'
    case 2:
      return "rule.append(z.object({ id: z.string(), text: z.string() }), { key: 'id' })"
    default:
      return "z.enum(['low', 'high']).optional()"
  }
}

/** Keys of a node, by what they hold: text, optional number, list, optional word. */
function keysOf(index: number): {
  readonly text: string
  readonly number: string
  readonly list: string
  readonly word: string
} {
  const base = (index * 4) % 40
  return { text: `key${base}`, number: `key${base + 1}`, list: `key${base + 2}`, word: `key${base + 3}` }
}

function nodeOf(index: number): string {
  const { text, number, list, word } = keysOf(index)
  switch (index % 5) {
    case 0:
      return `w.agent({ model: 'fast', instructions: 'Work.', tools: [work], reads: ['key0', '${number}'], writes: ['${text}', '${list}'] })`
    case 1:
      return (
        `w.tool(work, { reads: ['${text}'], writes: ['${list}'], input: ({ state }) => ({ text: state.${text} }), ` +
        `apply: ({ text }) => ({ ${list}: [{ id: 'a', text }] }) })`
      )
    case 2:
      return `w.gate({ reads: ['${text}', '${word}'], outcomes: ['pass', 'fail'], decide: ({ state }) => (state.${word} === 'low' ? 'pass' : 'fail') })`
    case 3:
      return `w.approval({ show: ['${text}', '${list}'], edits: ['${text}'], expiresIn: '2d' })`
    default:
      return `w.task({ reads: ['${text}', '${number}'], writes: ['${number}'], run: ({ state }) => ({ ${number}: state.${text}.length }) })`
  }
}

function edgesOf(index: number, next: string | undefined): string {
  const to = next === undefined ? 'END' : `n.${next}`
  switch (index % 5) {
    case 1:
      return `{ done: [{ when: isReady, to: ${to} }, END], unknown: FAIL }`
    case 2:
      return `{ pass: ${to}, fail: { to: n.node0, limit: 2, otherwise: FAIL } }`
    case 3:
      return `{ approved: ${to}, rejected: FAIL, edited: ${to}, expired: END }`
    default:
      return `{ done: ${to} }`
  }
}
