import type { Store } from '@waystone/core/store'
import type { CommonOptions, Context } from './command.ts'
import { createInterrupts } from './live/interrupts.ts'
import { printableJson } from './output/printable.ts'
import { colouredStyle, plainStyle } from './output/style.ts'
import { selfName, type Surroundings } from './surroundings.ts'

/** A command's context, and the function that closes what it opened. */
export interface OwnedContext {
  readonly context: Context
  readonly close: () => Promise<void>
}

/** Builds what a command is given. @param makesStore - of the command */
export function createContext(options: CommonOptions, around: Surroundings, makesStore: boolean): OwnedContext {
  const isJson = options.json ?? false
  let opened: Promise<Store> | undefined
  const note = (...lines: readonly string[]): void => around.err.write(lines.map((line) => `${line}\n`).join(''))
  const interrupts = createInterrupts(around, note)
  const context: Context = {
    around,
    style: canColour(around) && !isJson ? colouredStyle : plainStyle,
    isJson,
    advise: (line) => `${selfName(around)} ${line}${storeOption(options)}`,
    print(...lines) {
      if (!isJson) around.out.write(lines.map((line) => `${line}\n`).join(''))
    },
    note,
    interrupts,
    json(value) {
      if (isJson) around.out.write(`${printableJson(value)}\n`)
    },
    store(configStore) {
      opened ??= openStore({ path: options.store, configStore, makesStore }, around)
      return opened
    },
  }
  return {
    context,
    async close() {
      interrupts.end()
      if (opened === undefined) return
      // A store that could not be opened has been reported already.
      const store = await opened.catch(() => undefined)
      await store?.close()
    },
  }
}

interface StoreChoice {
  readonly path: string | undefined
  readonly configStore: Store | undefined
  readonly makesStore: boolean
}

async function openStore({ path, configStore, makesStore }: StoreChoice, around: Surroundings): Promise<Store> {
  if (path === undefined && configStore !== undefined) return configStore
  const { openSqliteStore } = await import('./bind/open-store.ts')
  return openSqliteStore(path, around, makesStore)
}

function storeOption({ store }: CommonOptions): string {
  if (store === undefined) return ''
  return ` --store ${/^[\w./@:+-]+$/.test(store) ? store : `'${store.replaceAll("'", "'\\''")}'`}`
}

function canColour({ env, out }: Surroundings): boolean {
  return out.isTerminal && (env['NO_COLOR'] ?? '') === '' && env['TERM'] !== 'dumb'
}
