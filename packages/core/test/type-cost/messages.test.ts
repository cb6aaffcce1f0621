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
const v = defineState({ lines: z.array(z.object({ id: z.string() })), ids: z.array(z.string()), total: z.number().optional() })
const paid = v.event('paid', z.object({ usd: z.number() }))
const vn = v.nodes({ one: v.task({ run: () => {} }), all: v.map({ over: 'lines', item: find, maxItems: 2, failed: 'drop' }), meet: v.join() })
const rest = { input: z.object({}), nodes: vn, start: vn.one }
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
  // Maps.
  "v.map({ over: 'lines', writes: ['total'], item: find, maxItems: 2 })",
  "v.map({ over: 'ids', item: find, maxItems: 2 })",
  "v.map({ over: 'ids', item: find, input: (id) => ({ di: id }), maxItems: 2 })",
  "v.map({ over: 'lines', item: 'find', maxItems: 2 })",
  "v.map({ over: 'total', item: find, maxItems: 2 })",
  "v.map({ over: 'lines', item: find })",
  "v.map({ over: 'lines', maxItems: 2 })",
  "v.map({ over: 'lines', item: find, run: () => 1, maxItems: 2 })",
  "v.map({ over: 'lines', item: find, maxItems: 2, done: 'first' })",
  "v.map({ over: 'lines', item: find, maxItems: 2, concurency: 3 })",
  "v.map({ over: 'lines', item: find, maxItems: 2, timeout: '10 parsecs' })",
  "v.map({ over: 'lines', item: find, maxItems: 2, approval: { rol: 'boss' } })",
  "v.map({ over: 'lines', writes: ['totl'], item: find, maxItems: 2, apply: () => ({}) })",
  "v.map({ over: 'lines', item: find, maxItems: 2, compensate: { tool: find, input: () => ({ di: 'x' }) } })",
  // Waits.
  "v.wait({ for: paid, expiresIn: '2 fortnights' })",
  "v.wait({ for: 'paid' })",
  "v.wait({ for: paid, writes: ['total'] })",
  "v.wait({ for: paid, key: 'lines' })",
  "v.wait({ for: paid, expires: '2d' })",
  "v.wait({ delay: 'soon' })",
  "v.wait({ until: 'ids' })",
  'v.wait({})',
  "v.wait({ delay: '8h', expiresIn: '2d' })",
  // Others.
  "v.gate({ reads: ['ids'], decide: () => 'yes' })",
  "v.gate({ reads: ['ids'], outcomes: ['yes', 'no'], decide: () => 'maybe' })",
  "v.agent({ model: 'm', instructions: '', handoffs: { boss: { description: '', contract: { id: 'x' } } } })",
  "v.tool(find, { input: () => ({ id: '' }), compensate: { tool: find, input: () => ({ di: 'x' }) } })",
  "v.group('g', { exports: ['totl'] })",
  "v.group('g', { state: { card: z.string() } }).task({ writes: ['total'], run: () => {} })",
  "v.workflow('x', { ...rest, edges: { one: { done: END }, all: { done: END }, meet: { done: END } } })",
  "v.workflow('x', { ...rest, edges: { one: { done: 'all' }, all: { done: END, unsatisfied: END }, meet: { done: END } } })",
  "v.workflow('x', { ...rest, edges: { one: { done: { fork: [vn.all], join: vn.one } }, all: { done: vn.meet, unsatisfied: vn.meet }, meet: { done: END } } })",
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
        Type '_ZodDate<$ZodDateInternals<Date>>' is not assignable to type '"Not allowed in state: Date does not survive JSON; use z.iso.datetime()"'.
      v.map({ over: 'lines', writes: ['total'], item: find, maxItems: 2 })
        Property 'apply' is missing in type '{ over: "lines"; writes: "total"[]; item: Tool<"find", { id: string; }, { amount: number; }>; maxItems: number; }' but required in type 'ApplyIsMissing'.
      v.map({ over: 'ids', item: find, maxItems: 2 })
        Property 'input' is missing in type '{ over: "ids"; item: Tool<"find", { id: string; }, { amount: number; }>; maxItems: number; }' but required in type 'InputDiffers<string, { id: string; }>'.
      v.map({ over: 'ids', item: find, input: (id) => ({ di: id }), maxItems: 2 })
        Type '{ di: string; }' is not assignable to type 'Later<NoInfer<{ id: string; }>>'.
      v.map({ over: 'lines', item: 'find', maxItems: 2 })
        Type 'string' is not assignable to type 'ItemWork'.
      v.map({ over: 'total', item: find, maxItems: 2 })
        error TS2322: Type '"total"' is not assignable to type '"ids" | "lines" | ((given: Given<never, never, { readonly lines: { id: string; }[]; readonly ids: string[]; readonly total?: number; }>) => Later<readonly unknown[]>)'.
      v.map({ over: 'lines', item: find })
        Property 'maxItems' is missing in type '{ over: "lines"; item: Tool<"find", { id: string; }, { amount: number; }>; }' but required in type 'MapOptions<never, never, never, "raise">'.
      v.map({ over: 'lines', maxItems: 2 })
        Property 'run' is missing in type '{ over: "lines"; maxItems: number; }' but required in type 'ItemOrRunIsMissing'.
      v.map({ over: 'lines', item: find, run: () => 1, maxItems: 2 })
        error TS2322: Type '() => number' is not assignable to type 'never'.
      v.map({ over: 'lines', item: find, maxItems: 2, done: 'first' })
        Property 'wanted' is missing in type '{ over: "lines"; item: Tool<"find", { id: string; }, { amount: number; }>; maxItems: number; done: "first"; }' but required in type 'WantedIsMissing'.
      v.map({ over: 'lines', item: find, maxItems: 2, concurency: 3 })
        error TS2561: Object literal may only specify known properties, but 'concurency' does not exist in type 'MapOptions<never, never, never, "raise"> & { readonly over: "lines"; readonly done?: "all"; readonly compensate?: ItemCompensation<Tool<"find", { id: string; }, { amount: number; }>, { id: string; }, { ...; }, Slice<...>, never>; } & ... 4 more ... & { ...; }'. Did you mean to write 'concurrency'?
      v.map({ over: 'lines', item: find, maxItems: 2, timeout: '10 parsecs' })
        error TS2322: Type '"10 parsecs"' is not assignable to type 'Duration'.
      v.map({ over: 'lines', item: find, maxItems: 2, approval: { rol: 'boss' } })
        error TS2561: Object literal may only specify known properties, but 'rol' does not exist in type 'ItemApproval<NoInfer<{ id: string; }>>'. Did you mean to write 'role'?
      v.map({ over: 'lines', writes: ['totl'], item: find, maxItems: 2, apply: () => ({}) })
        error TS2820: Type '"totl"' is not assignable to type '"ids" | "lines" | "total"'. Did you mean '"total"'?
      v.map({ over: 'lines', item: find, maxItems: 2, compensate: { tool: find, input: () => ({ di: 'x' }) } })
        error TS2741: Property 'id' is missing in type '{ di: string; }' but required in type '{ id: string; }'.
      v.wait({ for: paid, expiresIn: '2 fortnights' })
        error TS2322: Type '"2 fortnights"' is not assignable to type 'Duration'.
      v.wait({ for: 'paid' })
        error TS2322: Type 'string' is not assignable to type 'NamedEvent<string, unknown, unknown> | readonly NamedEvent<string, unknown, unknown>[]'.
      v.wait({ for: paid, writes: ['total'] })
        Property 'apply' is missing in type '{ for: NamedEvent<"paid", { usd: number; }, { usd: number; }>; writes: "total"[]; }' but required in type 'OutputDiffers<{ usd: number; }, Slice<"total", { readonly lines: readonly { readonly id: string; }[]; readonly ids: readonly string[]; readonly total: number | unique symbol; }>>'.
      v.wait({ for: paid, key: 'lines' })
        error TS2322: Type '"lines"' is not assignable to type '"total" | ((given: Given<never, never, { readonly lines: { id: string; }[]; readonly ids: string[]; readonly total?: number; }>) => string | number)'.
      v.wait({ for: paid, expires: '2d' })
        error TS2561: Object literal may only specify known properties, but 'expires' does not exist in type 'WaitOptions<NamedEvent<"paid", { usd: number; }, { usd: number; }>, never, never, never, never> & WaitTerms<never, never, Given<never, never, { readonly lines: { id: string; }[]; readonly ids: string[]; readonly total?: number; }>> & { ...; } & { ...; }'. Did you mean to write 'expiresIn'?
      v.wait({ delay: 'soon' })
        error TS2322: Type '"soon"' is not assignable to type 'Duration'.
      v.wait({ until: 'ids' })
        error TS2322: Type '"ids"' is not assignable to type '"total" | ((given: Given<never, never, { readonly lines: { id: string; }[]; readonly ids: string[]; readonly total?: number; }>) => string | number) | undefined'.
      v.wait({})
        Property 'until' is missing in type '{}' but required in type 'ForOrDelayOrUntilIsMissing'.
      v.wait({ delay: '8h', expiresIn: '2d' })
        error TS2322: Type 'string' is not assignable to type 'never'.
      v.gate({ reads: ['ids'], decide: () => 'yes' })
        Property 'outcomes' is missing in type '{ reads: "ids"[]; decide: () => "yes"; }' but required in type 'CodeGate<string, "ids", never, { readonly lines: { id: string; }[]; readonly ids: string[]; readonly total?: number; }>'.
      v.gate({ reads: ['ids'], outcomes: ['yes', 'no'], decide: () => 'maybe' })
        Type '"maybe"' is not assignable to type 'Later<"no" | "yes" | VerdictInput<"no" | "yes">>'.
      v.agent({ model: 'm', instructions: '', handoffs: { boss: { description: '', contract: { id: 'x' } } } })
        error TS2353: Object literal may only specify known properties, and 'id' does not exist in type '$ZodObject<Readonly<Readonly<{ [k: string]: $ZodType<unknown, unknown, $ZodTypeInternals<unknown, unknown>>; }>>, $ZodObjectConfig>'.
      v.tool(find, { input: () => ({ id: '' }), compensate: { tool: find, input: () => ({ di: 'x' }) } })
        error TS2741: Property 'id' is missing in type '{ di: string; }' but required in type '{ id: string; }'.
      v.group('g', { exports: ['totl'] })
        error TS2820: Type '"totl"' is not assignable to type '"ids" | "lines" | "total"'. Did you mean '"total"'?
      v.group('g', { state: { card: z.string() } }).task({ writes: ['total'], run: () => {} })
        error TS2322: Type '"total"' is not assignable to type '"card"'.
      v.workflow('x', { ...rest, edges: { one: { done: END }, all: { done: END }, meet: { done: END } } })
        Property 'unsatisfied' is missing in type '{ done: EndingTarget; }' but required in type '{ readonly done: EdgeOf<{ readonly lines: { id: string; }[]; readonly ids: string[]; readonly total?: number; }>; readonly unsatisfied: EdgeOf<{ readonly lines: { id: string; }[]; readonly ids: string[]; readonly total?: number; }>; }'.
      v.workflow('x', { ...rest, edges: { one: { done: 'all' }, all: { done: END, unsatisfied: END }, meet: { done: END } } })
        error TS2322: Type 'string' is not assignable to type 'EdgeOf<{ readonly lines: { id: string; }[]; readonly ids: string[]; readonly total?: number; }>'.
      v.workflow('x', { ...rest, edges: { one: { done: { fork: [vn.all], join: vn.one } }, all: { done: vn.meet, unsatisfied: vn.meet }, meet: { done: END } } })
        Property ''~join'' is missing in type 'TaskNode<"done", never, { readonly lines: { id: string; }[]; readonly ids: string[]; readonly total?: number; }>' but required in type 'JoinTarget<{ readonly lines: { id: string; }[]; readonly ids: string[]; readonly total?: number; }>'."
    `)
  })
})
