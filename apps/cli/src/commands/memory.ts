import type { MemoryEntry, MemoryPage, MemoryScope, MemoryStore } from '@waystone/core/store'
import { Option } from 'commander'
import { openMemory } from '../bind/open-memory.ts'
import type { CommandDefinition, CommonOptions, Context } from '../command.ts'
import type { ExitName } from '../exit-codes.ts'
import { argumentError, readCount, readJson } from '../json-argument.ts'
import { printableExcerpt, printableJson, printableLine } from '../output/printable.ts'
import { iso } from '../output/row-json.ts'
import { table } from '../output/table.ts'
import { formatTime, parseDuration } from '../output/units.ts'

interface MemoryOptions extends CommonOptions {
  readonly memory?: string
  readonly scope?: string
  readonly tag?: string
  readonly limit?: string
  readonly after?: string
  readonly text?: string
  readonly expiresIn?: string
  readonly revision?: string
}

interface Act {
  readonly given: readonly string[]
  readonly options: MemoryOptions
  readonly context: Context
  readonly memory: MemoryStore
  readonly scope: MemoryScope
  readonly now: number
}

const actions = { list, search, get, put, delete: remove } as const
type Action = keyof typeof actions

/** What each action takes, for messages. */
const takes: { readonly [Name in Action]: readonly string[] } = {
  list: [],
  search: ['TEXT'],
  get: ['KEY'],
  put: ['KEY', 'JSON'],
  delete: ['KEY'],
}

/** `waystone memory ACTION`. */
export const memory: CommandDefinition<MemoryOptions> = {
  examples: [
    ['memory list --scope preferences/ann', 'what is remembered in a scope and below it'],
    ['memory search "window seat" --json', 'entries by their words, best first, as data'],
    [`memory put seat '"aisle"' --scope preferences/ann --expires-in 365d`, 'remember something'],
    ['memory delete seat --scope preferences/ann', 'forget it'],
  ],
  configure: (command) =>
    command
      .argument('<action>', `one of ${Object.keys(actions).join(', ')}`)
      .argument('[given...]', 'TEXT of search; KEY of get, put and delete; JSON, or @file, of put')
      .option('--memory <path>', "SQLite file of the memory (default: the configuration's, else .waystone/memory.db)")
      .option('--scope <path>', 'parts with / between them, or a JSON list of parts (default of list and search: all)')
      .option('--tag <name>', 'only entries with this tag; of put: tag it so')
      .option('--limit <count>', 'entries at most')
      .option('--after <cursor>', 'the page after this cursor')
      .option('--text <text>', 'of put: what a search looks at (default: key and texts of the value)')
      .option('--expires-in <duration>', 'of put: forget it after this time: 90s, 30m, 12h, 7d, 2w')
      .addOption(
        new Option('--revision <number>', 'of put and delete: only over this revision; 0: only if there is none'),
      ),
  async run([action = '', ...given], options, context) {
    if (!isAction(action))
      throw argumentError(`memory: found ${JSON.stringify(action)}; allowed are ${Object.keys(actions).join(', ')}`)
    if (given.length !== takes[action].length)
      throw argumentError(
        `memory ${action}: found ${given.length} arguments; it takes ${takes[action].join(' ') || 'none'}`,
      )
    const opened = await openMemory(options.memory, { around: context.around, mayCreate: action === 'put' })
    try {
      const scope = scopeOf(options.scope)
      return await actions[action]({ given, options, context, memory: opened, scope, now: context.around.now() })
    } finally {
      await opened.close()
    }
  },
}

async function list({ options, context, memory: from, scope, now }: Act): Promise<ExitName> {
  return showPage(await from.list({ scope, now, ...pageOf(options) }), { context, from, again: 'list' })
}

async function search({ given: [text = ''], options, context, memory: from, scope, now }: Act): Promise<ExitName> {
  const page = await from.search({ scope, text, now, ...pageOf(options) })
  return showPage(page, { context, from, again: `search '${printableLine(text).replaceAll("'", "'\\''")}'` })
}

async function get({ given: [key = ''], context, memory: from, scope, now }: Act): Promise<ExitName> {
  const entry = await from.get({ scope, key, now })
  if (entry === undefined)
    throw argumentError(`memory get: found no entry ${JSON.stringify(key)} of scope ${scope.join('/')} in ${from.name}`)
  context.json(entryJson(entry))
  context.print(
    `${printableLine(entry.key)} of ${printableLine(entry.scope.join(' / '))}, revision ${entry.revision}, written ${formatTime(entry.updatedAt)}`,
    ...(entry.expiresAt === null ? [] : [`expires ${formatTime(entry.expiresAt)}`]),
    ...(entry.tags.length === 0 ? [] : [`tags ${printableLine(entry.tags.join(', '))}`]),
    printableJson(entry.value),
  )
  return 'done'
}

async function put({
  given: [key = '', json = ''],
  options,
  context,
  memory: into,
  scope,
  now,
}: Act): Promise<ExitName> {
  const value = readJson({ text: json, option: 'memory put', cwd: context.around.cwd })
  const { text, tag, expiresIn } = options
  const written = await into.put({
    scope,
    key,
    value,
    now,
    ...revisionOf(options),
    ...(text !== undefined && { text }),
    ...(tag !== undefined && { tags: [tag] }),
    ...(expiresIn !== undefined && { expiresAt: now + durationOf(expiresIn) }),
  })
  context.json(written)
  context.print(`${written.isNew ? 'Remembered' : 'Written over'}, revision ${written.revision}.`)
  return 'done'
}

async function remove({ given: [key = ''], options, context, memory: from, scope, now }: Act): Promise<ExitName> {
  const isDeleted = await from.delete({ scope, key, now, ...revisionOf(options) })
  context.json({ isDeleted })
  context.print(isDeleted ? 'Forgotten.' : `There is no such entry in ${from.name}.`)
  return 'done'
}

interface Shown {
  readonly context: Context
  readonly from: MemoryStore
  readonly again: string
}

function showPage({ entries, next }: MemoryPage, { context, from, again }: Shown): ExitName {
  context.json({ entries: entries.map(entryJson), next })
  context.print(...(entries.length === 0 ? [`No such entry in ${from.name}.`] : entryLines(entries)))
  if (next !== null)
    context.print(
      '',
      context.style('quiet', `More: ${context.advise(`memory ${again} --after ${next}`)}, with the same options`),
    )
  return 'done'
}

function entryLines(entries: readonly MemoryEntry[]): readonly string[] {
  return table(
    [{ title: 'scope' }, { title: 'key' }, { title: 'written' }, { title: 'expires' }, { title: 'value' }],
    entries.map(({ scope, key, value, updatedAt, expiresAt }) => [
      printableExcerpt(scope.join('/'), 40),
      printableExcerpt(key, 30),
      formatTime(updatedAt),
      expiresAt === null ? '' : formatTime(expiresAt),
      printableExcerpt(typeof value === 'string' ? value : JSON.stringify(value), 60),
    ]),
  )
}

function entryJson({ createdAt, updatedAt, expiresAt, ...entry }: MemoryEntry): object {
  return {
    ...entry,
    createdAt: iso(createdAt),
    updatedAt: iso(updatedAt),
    expiresAt: expiresAt === null ? null : iso(expiresAt),
  }
}

function isAction(text: string): text is Action {
  return Object.hasOwn(actions, text)
}

function scopeOf(text: string | undefined): MemoryScope {
  if (text === undefined) return []
  if (!text.startsWith('[')) return text.split('/')
  const list = readJson({ text, option: '--scope', cwd: '' })
  if (Array.isArray(list) && list.every((part) => typeof part === 'string')) return list
  throw argumentError(`--scope: found ${JSON.stringify(text)}; allowed is a/b, or a JSON list of texts`)
}

function pageOf({ tag, limit, after }: MemoryOptions): {
  readonly tag?: string
  readonly limit?: number
  readonly after?: string
} {
  return {
    ...(tag !== undefined && { tag }),
    ...(limit !== undefined && { limit: readCount(limit, '--limit') }),
    ...(after !== undefined && { after }),
  }
}

function revisionOf({ revision }: MemoryOptions): { readonly ifRevision?: number } {
  return revision === undefined ? {} : { ifRevision: readCount(revision, '--revision') }
}

function durationOf(text: string): number {
  const duration = parseDuration(text)
  if (duration !== undefined && duration > 0) return duration
  throw argumentError(`--expires-in: found ${JSON.stringify(text)}; allowed is a number with s, m, h, d or w, as 30d`)
}
