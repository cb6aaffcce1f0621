import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'

const packageFolder = fileURLToPath(new URL('../..', import.meta.url))
const folder = join(packageFolder, 'temp/type-messages')

const start = `
import { defineState, defineTool, END } from '@waystone/core'
import { z } from 'zod'
const w = defineState({ order: z.string(), amount: z.number().optional() })
const find = defineTool({
  name: 'find', description: '', input: z.object({ id: z.string() }), output: z.object({ amount: z.number() }), run: () => ({ amount: 1 }),
})
const n = w.nodes({ ask: w.approval({ show: ['order'], expiresIn: '2d' }), done: w.task({ run: () => {} }) })
const base = { input: z.object({ order: z.string() }), output: [], nodes: n, start: n.ask }
const done = { done: END }
`

const mistakes = [
  "w.guard('small', ['amount'], (state) => { const shown: string = state; return shown === '' })",
  "w.task({ writes: ['amount'], run: () => ({ order: 'x' }) })",
  "w.task({ writes: ['amount'], run: () => ({ amount: 1, amonut: 1 }) })",
  "w.task({ reads: ['ordr'], run: () => {} })",
  "w.tool(find, { reads: ['order'], writes: ['amount'] })",
  "w.workflow('x', { ...base, edges: { ask: { approved: END, rejected: END }, done } })",
  "w.workflow('x', { ...base, edges: { ask: { approved: END, rejected: END, expired: END, asked: END }, done } })",
  "w.workflow('x', { ...base, edges: { ask: { approved: n.refund, rejected: END, expired: END }, done } })",
  'defineState({ at: z.date() })',
]

/** What the compiler says of each mistake: the first and the last, most exact, line. */
function messages(): readonly string[] {
  mkdirSync(folder, { recursive: true })
  const lines = start.split('\n').length
  writeFileSync(join(folder, 'fixture.ts'), [start, ...mistakes].join('\n'))
  const project = join(folder, 'tsconfig.json')
  writeFileSync(project, JSON.stringify({ extends: '../../../../tsconfig.json', include: [], files: ['fixture.ts'] }))
  const tsc = join(packageFolder, '../../node_modules/.bin/tsc')
  const { stdout } = spawnSync(tsc, ['-p', project, '--pretty', 'false'], { encoding: 'utf8', cwd: folder })
  return mistakes.map((mistake, index) => {
    const mine = stdout.split(/^(?=\S)/m).filter((text) => text.startsWith(`fixture.ts(${lines + index + 1},`))
    const said = mine.map((text) =>
      text
        .trim()
        .split('\n')
        .at(-1)
        ?.trim()
        .replace(/^fixture.*?: /, ''),
    )
    return `${mistake}\n  ${said.join('\n  ') || 'nothing'}`
  })
}

describe('messages of the compiler', { timeout: 60_000 }, () => {
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it('name the key, node or outcome, and show state as it is', () => {
    expect(messages().join('\n')).toMatchInlineSnapshot(`
      "w.guard('small', ['amount'], (state) => { const shown: string = state; return shown === '' })
        error TS2322: Type 'Slice<"amount", { readonly order: string; readonly amount?: number; }>' is not assignable to type 'string'.
      w.task({ writes: ['amount'], run: () => ({ order: 'x' }) })
        error TS2322: Type 'string' is not assignable to type 'NotInWrites'.
      w.task({ writes: ['amount'], run: () => ({ amount: 1, amonut: 1 }) })
        Type '() => { readonly amount: 1; readonly amonut: 1; }' is not assignable to type '"no such state key: amonut"'.
      w.task({ reads: ['ordr'], run: () => {} })
        error TS2820: Type '"ordr"' is not assignable to type '"amount" | "order"'. Did you mean '"order"'?
      w.tool(find, { reads: ['order'], writes: ['amount'] })
        Property 'input' is missing in type '{ reads: "order"[]; writes: "amount"[]; }' but required in type 'InputDiffers<Slice<"order", { readonly order: string; readonly amount?: number; }>, { id: string; }>'.
      w.workflow('x', { ...base, edges: { ask: { approved: END, rejected: END }, done } })
        Property 'expired' is missing in type '{ approved: EndingTarget; rejected: EndingTarget; }' but required in type '{ readonly approved: EdgeOf<{ readonly order: string; readonly amount?: number; }>; readonly expired: EdgeOf<{ readonly order: string; readonly amount?: number; }>; readonly rejected: EdgeOf<...>; }'.
      w.workflow('x', { ...base, edges: { ask: { approved: END, rejected: END, expired: END, asked: END }, done } })
        error TS2353: Object literal may only specify known properties, and 'asked' does not exist in type 'RoutesOf<"approved" | "expired" | "rejected", never, { readonly order: string; readonly amount?: number; }>'.
      w.workflow('x', { ...base, edges: { ask: { approved: n.refund, rejected: END, expired: END }, done } })
        error TS2339: Property 'refund' does not exist on type '{ ask: ApprovalNode<"approved" | "expired" | "rejected", DecisionOf<ChosenOutcome<"approved" | "rejected", never, false>, {}, undefined>, "order", { ...; }>; done: TaskNode<...>; }'.
      defineState({ at: z.date() })
        Type '_ZodDate<$ZodDateInternals<Date>>' is not assignable to type '"Not allowed in state: Date does not survive JSON; use z.iso.datetime()"'."
    `)
  })
})
