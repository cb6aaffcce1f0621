import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createCommandLine, type CommandLine } from './command-line.ts'

let waystone: CommandLine
beforeEach(() => {
  waystone = createCommandLine()
})
afterEach(() => waystone.close())

describe('a wrong call', () => {
  it.each([
    [
      'a file that is not there',
      ['run', 'absent.ts'],
      'workflow file absent.ts: no such file; looked for fixtures/absent.ts (WAYSTONE_INPUT_FILE_MISSING)',
    ],
    ['a folder', ['run', '.'], 'workflow file .: found a folder; allowed is a module'],
    ['a file of another kind', ['run', '../../package.json'], 'found a file ending in ".json"'],
    [
      'a module without a workflow',
      ['run', 'none.ts'],
      'workflow file none.ts: it exports no workflow; export what w.workflow(…) returns (WAYSTONE_INPUT_WORKFLOW_MISSING)',
    ],
    [
      'two workflow exports',
      ['run', 'two.ts'],
      'found 2 workflows, one is meant; say which: two.ts#letters, two.ts#waits (WAYSTONE_INPUT_WORKFLOW_AMBIGUOUS)',
    ],
    [
      'an export that is none',
      ['run', 'two.ts#support'],
      'found no workflow exported as "support"; its workflows are letters, waits (WAYSTONE_INPUT_WORKFLOW_MISSING)',
    ],
    ['input that is no JSON', ['run', 'support.ts', '--input', 'tides'], '--input: found "tides", which is no JSON'],
    [
      'input that is no object',
      ['run', 'support.ts', '--input', '[1]'],
      '--input: found a list; allowed is a JSON object',
    ],
    ['an input file that is not there', ['run', 'support.ts', '--input', '@absent.json'], 'absent.json cannot be read'],
    ['input that does not fit', ['run', 'support.ts', '--input', '{"topic":1}'], 'WAYSTONE_INPUT_START'],
    ['a tag without a value', ['run', 'slow.ts', '--tag', 'red'], '--tag: found "red"; allowed is name=value'],
    [
      'a tag of the command',
      ['run', 'slow.ts', '--tag', 'waystone.module=x'],
      'are kept for the command (WAYSTONE_INPUT_ARGUMENT)',
    ],
    [
      'a run that is not there',
      ['show', 'nothing'],
      'run nothing: found no run with this id or beginning in sqlite:FOLDER/runs.db',
    ],
    ['the newest of no runs', ['show', 'last'], 'holds no run yet (WAYSTONE_STORE_RUN_UNKNOWN)'],
    [
      'a duration that is none',
      ['runs', '--since', 'yesterday'],
      '--since: found "yesterday"; allowed is a number with s, m, h, d or w',
    ],
    ['a limit out of range', ['runs', '--limit', '0'], '--limit: found 0; allowed is 1 to 1000'],
    ['a status that is none', ['runs', '--status', 'done'], 'Allowed choices are running, waiting'],
    ['an option that is none', ['runs', '--nonsense'], "error: unknown option '--nonsense'"],
    ['a command that is none', ['rum'], "error: unknown command 'rum'\n(Did you mean run?)"],
    [
      'a missing secret',
      ['run', 'secret.ts', '--input', '{"to":"ada"}'],
      'needs secrets that are not set: MAIL_KEY (WAYSTONE_INPUT_SECRETS_MISSING)\nSet environment variables of these names',
    ],
    [
      'no offline model',
      ['run', 'unmodelled.ts', '--input', '{"text":"x"}'],
      'workflow unmodelled asks for offline models "nobody"; found none; export them as `offlineModels`',
    ],
    [
      'no live model',
      ['run', 'support.ts', '--live', '--input', '{"topic":"x","amount":1}'],
      'workflow support asks for models "writer"; found "paid"; add them to `models` in fixtures/waystone.config.ts (WAYSTONE_INPUT_MODELS_MISSING)',
    ],
  ])('names %s, says what is allowed, and exits 2', async (_what, args, message) => {
    const { exit, out, err } = await waystone(...args)
    expect(err).toContain(message)
    expect(out).toBe('')
    expect(exit).toBe(2)
  })

  it('is given as data with --json', async () => {
    const { out, exit } = await waystone('run', 'absent.ts', '--json')
    expect(JSON.parse(out)).toMatchObject({ error: { name: 'InputError', code: 'WAYSTONE_INPUT_FILE_MISSING' } })
    expect(exit).toBe(2)
  })

  it('leaves no run behind', async () => {
    await waystone('run', 'secret.ts', '--input', '{"to":"ada"}')
    await waystone('run', 'support.ts', '--input', '{"topic":1}')
    expect(JSON.parse((await waystone('runs', '--json')).out)).toEqual({ runs: [], next: null })
  })

  it('prints where it happened only with --debug', async () => {
    expect((await waystone('run', 'absent.ts')).err).not.toContain('    at ')
    expect((await waystone('run', 'absent.ts', '--debug')).err).toContain('    at ')
  })
})

describe('a run', () => {
  it('is found by the beginning of its id, which must fit one run only', async () => {
    const first = await waystone('run', 'slow.ts', '--input', '{"waitMs":0}')
    await waystone('run', 'slow.ts', '--input', '{"waitMs":0}')
    expect(first.exit).toBe(0)
    const several = await waystone('show', '1')
    expect(several.err).toContain(
      'run 1: found 2 runs that begin so: RUN2, RUN1; one is meant (WAYSTONE_INPUT_RUN_AMBIGUOUS)',
    )
    expect(several.exit).toBe(2)
  })

  it('fails with the error of its node when a model throws a text', async () => {
    const { exit, out } = await waystone('run', 'fails.ts', '--input', '{"text":"x"}')
    expect(out).toMatchInlineSnapshot(`
      "run RUN1  fails version 1
      offline models: offline:bad; nothing is sent anywhere, --live uses the real ones
          0.0 s  say  model: failed  0 ms · 1 model call · 1 call estimated  the text "out of ideas" was thrown, not an error
          0.0 s  say  model, attempt 2: failed  0 ms · 1 model call · 1 call estimated  the text "out of ideas" was thrown, not an error
          0.0 s  say  model, attempt 3: failed  0 ms · 1 model call · 1 call estimated  the text "out of ideas" was thrown, not an error
          0.0 s       → failed

      failed  run RUN1  4 checkpoints · 3 model calls · 3 calls estimated
      error: the text "out of ideas" was thrown, not an error (WAYSTONE_NODE_THREW)
        look     waystone show RUN1 --why --store FOLDER/runs.db
        fork     waystone fork RUN1 --at 2 --store FOLDER/runs.db
      "
    `)
    expect(exit).toBe(1)
  })

  it('that was started with real models does not go on with others, nor without being told', async () => {
    await waystone('run', 'live.ts', '--live', '--input', '{"text":"x"}')
    const resumed = await waystone('resume', 'last')
    expect(resumed.err).toMatchInlineSnapshot(`
      "Run RUN1 was started with real models. Going on may cost money, so say it: waystone resume RUN1 --live --store FOLDER/runs.db
      "
    `)
    expect(resumed.exit).toBe(3)
  })

  it('is not replayed with the definition of another workflow', async () => {
    await waystone('run', 'slow.ts', '--input', '{"waitMs":0}')
    const { err, exit } = await waystone('replay', 'last', '--file', 'support.ts')
    expect(err).toContain('WAYSTONE_REPLAY_GRAPH_DIFFERS')
    expect(exit).toBe(1)
  })

  it('that was started with real models takes a decision without them, and leaves the rest', async () => {
    await waystone('run', 'live.ts', '--live', '--input', '{"text":"x"}')
    const approved = await waystone('approve', 'last', '--reason', 'fine')
    expect(approved.out).toBe(
      'Handed over: ask approved by ada\nRecorded. Go on with: waystone resume RUN1 --live --store FOLDER/runs.db\n',
    )
    expect(approved.exit).toBe(0)
    const resumed = await waystone('resume', 'last', '--live', '--json')
    expect(JSON.parse(resumed.out)).toMatchObject({ status: 'completed', output: { text: 'said' } })
  })
})

describe('a slip in a command', () => {
  it('names the help of that command, and is JSON when that was asked for', async () => {
    const { err, exit } = await waystone('send')
    expect(err).toMatch(/^error: missing required argument 'run'\nSee \S.* send --help\.\n$/)
    expect(exit).toBe(2)
    const { out } = await waystone('hold', 'last', '--json')
    expect(JSON.parse(out)).toMatchObject({
      error: { code: 'WAYSTONE_INPUT_ARGUMENT', message: "required option '--reason <text>' not specified" },
    })
    expect((await waystone('frob')).err).toMatch(/See \S+ --help\.\n$/)
  })

  it('says that a text has quotes of its own', async () => {
    await waystone('run', 'orders.ts', '--input', '{"order":"o-1"}')
    const { err } = await waystone('patch', 'last', '--set', 'order=o-2', '--reason', 'typo')
    expect(err).toContain(`a text has quotes of its own: '"o-2"'`)
  })

  it('says in a word what a run that has ended does not take', async () => {
    await waystone('run', 'orders.ts', '--input', '{"order":"o-1"}')
    await waystone('cancel', 'last', '--reason', 'no')
    expect((await waystone('hold', 'last', '--reason', 'no')).err).toContain(
      'refused (run-ended): the run has ended cancelled; it takes no hold',
    )
  })
})
