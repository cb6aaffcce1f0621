import { readFileSync } from 'node:fs'
import type { Bounds } from '@waystone/core'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { commands } from '../src/commands.ts'
import { createCommandLine, type CommandLine } from './command-line.ts'

let waystone: CommandLine
beforeEach(() => {
  waystone = createCommandLine()
})
afterEach(() => waystone.close())

describe('waystone COMMAND --help', () => {
  it.each(commands.map(({ name }) => name))('of %s ends with an example', async (name) => {
    for (const args of [
      [name, '--help'],
      ['help', name],
    ]) {
      const { exit, out } = await waystone(...args)
      expect(out).toMatch(new RegExp(`Examples:\\n  # .+\\n  waystone ${name}`))
      for (const option of ['--store', '--json', '--debug']) expect(out).toContain(option)
      expect(exit).toBe(0)
    }
  })
})

const large = '{"topic":"tides","amount":250}'
const small = '{"topic":"tides","amount":20}'

describe('waystone check', () => {
  it('prints the worst case of a sound workflow', async () => {
    const { exit, out, err } = await waystone('check', 'support.ts')
    expect(err).toMatchInlineSnapshot(`
      "Checking support.ts; this executes the file.
      "
    `)
    expect(out).toMatchInlineSnapshot(`
      "support version 2

      Worst case of a run:
        steps       30  (150 by the graph alone)
                    cycle that adds most: write → boss, 1× by boss.rejected, 73 a round
        model calls 10  (16 by the graph alone)
                    cycle that adds most: write → boss, 1× by boss.rejected, 8 a round
        tool calls  90  (387 by the graph alone)
                    cycle that adds most: write → boss, 1× by boss.rejected, 192 a round
        tokens      unknown
                    unknown: "write" has no maxInputTokens
        cost        $0.50  (unknown by the graph alone)
                    and what the last call uses beyond it: "write" has no maxInputTokens
        duration    unknown
                    unknown: "write" has no timeout, "send" has no timeout

      No findings.
      "
    `)
    expect(exit).toBe(0)
  })

  it('prints what undoing takes beside what a limit holds, since no limit stops it', async () => {
    const { exit, out } = await waystone('check', 'booked.ts')
    expect(out).toMatchInlineSnapshot(`
      "booked version 1

      Worst case of a run:
        steps       8 + 6 to undo
        model calls 0
        tool calls  6 + 24 to undo  (42 by the graph alone)
        tokens      0
        cost        $0
        duration    32 s + unknown to undo
                    unknown: undoing "book-leg" has no timeout

      No findings.
      "
    `)
    expect(exit).toBe(0)
    const { bounds } = JSON.parse((await waystone('check', 'booked.ts', '--json')).out) as { bounds: Bounds }
    expect(bounds.toolCalls.limited).toEqual({ max: 30, note: null, parts: { run: 6, undo: 24 } })
    const picture = await waystone('graph', 'booked.ts', '--format', 'svg')
    expect(picture.out).toContain('>at most 6 tool calls + 24 to undo · 1 h + unknown to undo</text>')
  })

  it('prints every finding with place, code and hint, and fails', async () => {
    const { exit, out } = await waystone('check', 'endless.ts')
    expect(out).toMatchInlineSnapshot(`
      "endless version 1

      error  node "turn" has no path to an end: its edges only lead to "turn" (WAYSTONE_DEFINITION_NO_END)
        at test/fixtures/endless.ts:6 endless.nodes.turn
        Add an edge to END or FAIL from one of these nodes.
      error  the cycle turn → turn has no limit that holds inside it (WAYSTONE_DEFINITION_UNLIMITED_CYCLE)
        at test/fixtures/endless.ts:15 endless.edges.turn.done
        Give turn.done a limit and an otherwise, e.g. { to: …, limit: 3, otherwise: END }.

      Worst case of a run:
        steps       unknown
                    no bound: a cycle has no limit
        model calls unknown
                    no bound: a cycle has no limit
        tool calls  unknown
                    no bound: a cycle has no limit
        tokens      unknown
                    no bound: a cycle has no limit
        cost        unknown
                    no bound: a cycle has no limit
        duration    unknown
                    unknown: "turn" has no timeout

      2 errors.
      "
    `)
    expect(exit).toBe(1)
  })

  it('fails on warnings too, unless they are allowed', async () => {
    const { exit, out } = await waystone('check', 'warned.ts')
    expect(out).toContain('WAYSTONE_DEFINITION_DEFAULT_UNSAFE')
    expect(out).toMatch(/\n1 warning\.\n$/)
    expect(exit).toBe(1)
    expect((await waystone('check', 'warned.ts', '--allow-warnings')).exit).toBe(0)
  })

  it('gives the report as data', async () => {
    const { out } = await waystone('check', 'endless.ts', '--json')
    const report = JSON.parse(out) as { findings: { code: string }[] }
    expect(Object.keys(report)).toEqual(['workflow', 'version', 'findings', 'bounds', 'hashes'])
    expect(report.findings.map(({ code }) => code)).toEqual([
      'WAYSTONE_DEFINITION_NO_END',
      'WAYSTONE_DEFINITION_UNLIMITED_CYCLE',
    ])
  })
})

describe('waystone run', () => {
  it('prints the run id first, each step with its reason, and the output', async () => {
    const { exit, out } = await waystone('run', 'support.ts', '--input', small)
    expect(out).toMatchInlineSnapshot(`
      "run RUN1  support version 2
      offline models: offline:writer; nothing is sent anywhere, --live uses the real ones
          0.0 s  write  model: done  0 ms · 1 model call · 120 tokens · $0.0003
          0.0 s  write  tool look-up: done  0 ms · 1 tool call
          0.0 s  write  model: done  0 ms · 1 model call · 120 tokens · $0.0003
          0.0 s         → send  because isSmall is true (amount = 20)
          0.0 s  send   tool send: done  0 ms · 1 tool call
          0.0 s  send   sent 20 red
          0.0 s         → end

      completed  run RUN1  5 checkpoints · 2 model calls · 2 tool calls · 240 tokens · $0.0006
      {
        "letter": "Dear \\u001b[2Jreader, tides come twice a day."
      }
      "
    `)
    expect(exit).toBe(0)
  })

  it('leaves a run waiting without a terminal, and says how to decide', async () => {
    const { exit, out } = await waystone('run', 'support.ts', '--input', large)
    expect(out).toMatchInlineSnapshot(`
      "run RUN1  support version 2
      offline models: offline:writer; nothing is sent anywhere, --live uses the real ones
          0.0 s  write  model: done  0 ms · 1 model call · 120 tokens · $0.0003
          0.0 s  write  tool look-up: done  0 ms · 1 tool call
          0.0 s  write  model: done  0 ms · 1 model call · 120 tokens · $0.0003
          0.0 s         → boss  because isSmall is false (amount = 250)
          0.0 s  boss   asks a person  until 2026-01-04 03:04 (in 2 d)

      waiting  run RUN1  4 checkpoints · 2 model calls · 1 tool call · 240 tokens · $0.0006
      waits for a person: step 3  boss: a large amount  (approved, rejected, edited)
        expires  2026-01-04 03:04 (in 2 d) → end  [boss.expired]
        decide   waystone approve RUN1 --reason "…" --store FOLDER/runs.db
        decide   waystone reject RUN1 --reason "…" --store FOLDER/runs.db
        decide   waystone approve RUN1 --edit '{"amount":…}' --reason "…" --store FOLDER/runs.db
        look     waystone show RUN1 --request --store FOLDER/runs.db
      "
    `)
    expect(exit).toBe(3)
  })

  it('gives the result as one JSON document, and the run id on standard error before it', async () => {
    const { out, err } = await waystone('run', 'support.ts', '--input', large, '--json')
    const result = JSON.parse(out) as { status: string; requests: object[] }
    expect(err.split('\n')[0]).toBe('run RUN1  support version 2')
    expect(Object.keys(result)).toEqual([
      'runId',
      'status',
      'output',
      'error',
      'limit',
      'usage',
      'sequence',
      'requests',
    ])
    expect(result).toMatchObject({
      runId: 'RUN1',
      status: 'waiting',
      requests: [{ node: 'boss', evidence: { amount: 250 } }],
    })
  })

  it('shows the first run again for a second start with the same key', async () => {
    const first = await waystone('run', 'support.ts', '--input', small, '--key', 'k')
    const second = await waystone('run', 'support.ts', '--input', small, '--key', 'k')
    expect(first.out.split('  ')[0]).toBe(second.out.split('  ')[0])
    expect(JSON.parse((await waystone('runs', '--json')).out)).toMatchObject({ runs: [{ key: 'k' }] })
  })

  it('lets no escape sequence of a model or tool through to the output', async () => {
    const { out } = await waystone('run', 'support.ts', '--input', small)
    expect(out).not.toContain('\u001b')
  })
})

describe('waystone runs, show, stats', () => {
  beforeEach(async () => {
    await waystone('run', 'support.ts', '--input', large, '--tag', 'team=red')
  })

  it('lists runs, newest first', async () => {
    await waystone('run', 'support.ts', '--input', small)
    const { out } = await waystone('runs')
    expect(out).toMatchInlineSnapshot(`
      "run                workflow    status     at    due                        begun                 steps     cost  tags
      RUN2  support v2  completed                                   2026-01-02 03:04:05Z      4  $0.0006
      RUN1  support v2  waiting    boss  2026-01-04 03:04 (in 2 d)  2026-01-02 03:04:05Z      4  $0.0006  team=red
      "
    `)
    expect(
      JSON.parse((await waystone('runs', '--status', 'waiting', '--tag', 'team=red', '--json')).out),
    ).toMatchObject({
      runs: [{ status: 'waiting', tags: { team: 'red' } }],
      next: null,
    })
    expect((await waystone('runs', '--status', 'held')).out).toMatch(/^No such run in /)
  })

  it('shows header and timeline', async () => {
    const { out } = await waystone('show', 'last')
    expect(out).toMatchInlineSnapshot(`
      "run       RUN1
      workflow  support version 2  test/fixtures/support.ts:47 support
      from      fixtures/support.ts#support, offline models
      status    waiting at boss
      begun     2026-01-02 03:04:05Z, last moved 0 ms later
      used      4 steps · 2 model calls · 1 tool call · 240 tokens · $0.0006
      left      26 steps · 8 model calls · $0.50
      tags      team=red
      asks      step 3  boss, expires 2026-01-04 03:04 (in 2 d) → end  [boss.expired]

      seq     at  node   what          edge    took     cost  because
        0  +0 ms         started
        1  +0 ms  write  model done            0 ms  $0.0003
        2  +0 ms  write  look-up done          0 ms
        3  +0 ms  write  model done    → boss  0 ms  $0.0003  isSmall is false (amount = 250)
      "
    `)
  })

  it('shows the state at a sequence', async () => {
    const { out } = await waystone('show', 'last', '--at', '0', '--state')
    expect(JSON.parse(out)).toEqual({ topic: 'tides', amount: 250 })
  })

  it('shows how far each node is, now and at a sequence (K3)', async () => {
    expect((await waystone('show', 'last', '--progress')).out).toMatchInlineSnapshot(`
      "NODE   STATUS     VISITS
      write  completed       1
      send   pending
      boss   waiting         1
      "
    `)
    const { nodes } = JSON.parse((await waystone('show', 'last', '--progress', '--at', '1', '--json')).out) as {
      nodes: { node: string; status: string }[]
    }
    expect(nodes.map(({ node, status }) => `${node} ${status}`)).toEqual([
      'write in-flight',
      'send pending',
      'boss pending',
    ])
  })

  it('shows why each edge was taken', async () => {
    expect((await waystone('show', 'last', '--why')).out).toMatchInlineSnapshot(`
      "   1  write done, its tools are called  [write:tools]
         2  write done, its model is asked again  [write:model]
         3  write ended done → boss  [write.done.1]
              ✗ write.done.0 → send  guard is false: isSmall is false (amount = 250)  test/fixtures/support.ts:55
              ✓ write.done.1 → boss  taken  test/fixtures/support.ts:55
              ? boss asks, step 3: a large amount  waystone show RUN1 --request --store FOLDER/runs.db
      "
    `)
  })

  it('shows what a checkpoint changed', async () => {
    expect((await waystone('show', 'last', '--at', '3', '--diff')).out).toMatchInlineSnapshot(`
      "+ letter  "Dear \\u001b[2Jreader, tides come twice a day."
      "
    `)
  })

  it('shows who wrote a value, from what', async () => {
    expect((await waystone('show', 'last', '--blame', 'letter')).out).toMatchInlineSnapshot(`
      "letter = "Dear \\u001b[2Jreader, tides come twice a day."
        written   by write, step 2, model offline:writer, checkpoint 3, 2026-01-02 03:04:05Z
        after     tool look-up, step 1, checkpoint 2
        read      topic, as written by checkpoint 0
        source    https://example.org/tides
      "
    `)
  })

  it('shows what is asked, in full (H3)', async () => {
    expect((await waystone('show', 'last', '--request')).out).toMatchInlineSnapshot(`
      "boss asks  step 3, workflow support, for a boss
        why     a large amount
        shown   letter: "Dear \\u001b[2Jreader, tides come twice a day."
                amount: 250
        answers approved → send  [boss.approved]
                  runs send
                    letter: "Dear \\u001b[2Jreader, tides come twice a day."
                    amount: 250
                rejected → write  [boss.rejected]
                edited → boss  [boss.edited]
        edit    amount may be edited
        so far  2 model calls · 1 tool call · 240 tokens · $0.0006
        expires 2026-01-04 03:04 (in 2 d) → end  [boss.expired]
      "
    `)
  })

  it.each(['--state', '--why', '--diff', '--request', '--blame=letter', '--at=0'])(
    'gives %s as data',
    async (option) => {
      const { out, exit } = await waystone('show', 'last', option, '--json')
      expect(exit).toBe(0)
      expect(JSON.parse(out)).toMatchObject(option === '--at=0' ? { run: { runId: 'RUN1' } } : { runId: 'RUN1' })
    },
  )

  it('refuses two views at once, and sequences and paths that are not there', async () => {
    expect((await waystone('show', 'last', '--why', '--diff')).err).toContain(
      'found --why and --diff; allowed is one of them (WAYSTONE_INPUT_ARGUMENT)',
    )
    expect((await waystone('show', 'last', '--at', '99')).err).toContain('WAYSTONE_INPUT_SEQUENCE')
    expect((await waystone('show', 'last', '--blame', 'nothing')).err).toContain('WAYSTONE_INPUT_PATH')
    expect((await waystone('show', 'last', '--blame', 'a b')).exit).toBe(2)
  })

  it('sums success, cost and latency', async () => {
    await waystone('run', 'support.ts', '--input', small)
    expect((await waystone('stats')).out).toMatchInlineSnapshot(`
      "          name           ended   good  bad  called off  model calls  tokens     cost  median  95 %
      workflow  support            1  100 %    0           0            4     480  $0.0012    0 ms  0 ms
      node      support/send       1  100 %    0           0            0       0       $0    0 ms  0 ms
      node      support/write      6  100 %    0           0            4     480  $0.0012    0 ms  0 ms
      agent     support/write      6  100 %    0           0            4     480  $0.0012    0 ms  0 ms
      model     writer             4  100 %    0           0            4     480  $0.0012    0 ms  0 ms
      tool      look-up            2  100 %    0           0            0       0       $0    0 ms  0 ms
      tool      send               1  100 %    0           0            0       0       $0    0 ms  0 ms
      Of the runs that are stored: those that were deleted are not counted.
      "
    `)
    expect(JSON.parse((await waystone('stats', '--by', 'tool', '--json')).out)).toMatchObject({
      rows: [
        { name: 'look-up', count: 2 },
        { name: 'send', count: 1 },
      ],
    })
  })
})

describe('waystone approve, reject, answer', () => {
  beforeEach(async () => {
    await waystone('run', 'support.ts', '--input', large)
  })

  it('approves and goes on', async () => {
    const { exit, out } = await waystone('approve', 'last', '--reason', 'checked')
    expect(out).toMatchInlineSnapshot(`
      "boss approved by ada
          0.0 s  boss   approved by ada: checked
          0.0 s         → send
          0.0 s  send   tool send: done  0 ms · 1 tool call
          0.0 s  send   sent 250 red
          0.0 s         → end

      completed  run RUN1  6 checkpoints · 2 model calls · 2 tool calls · 240 tokens · $0.0006
      {
        "letter": "Dear \\u001b[2Jreader, tides come twice a day."
      }
      "
    `)
    expect(exit).toBe(0)
  })

  it('rejects with the reason that the agent hears', async () => {
    const { exit, out } = await waystone('reject', 'last', '--reason', 'too cold')
    expect(out).toMatchInlineSnapshot(`
      "boss rejected by ada
          0.0 s  boss   rejected by ada: too cold
          0.0 s         → write  because its limit allows it: 1 of 1
          0.0 s  write  model: done  0 ms · 1 model call · 120 tokens · $0.0003
          0.0 s  write  model: done  0 ms · 1 model call · 120 tokens · $0.0003
          0.0 s         → boss  because isSmall is false (amount = 250)
          0.0 s  boss   asks a person  until 2026-01-04 03:04 (in 2 d)

      waiting  run RUN1  7 checkpoints · 4 model calls · 1 tool call · 480 tokens · $0.0012
      waits for a person: step 6  boss: a large amount  (approved, rejected, edited)
        expires  2026-01-04 03:04 (in 2 d) → end  [boss.expired]
        decide   waystone approve RUN1 --reason "…" --store FOLDER/runs.db
        decide   waystone reject RUN1 --reason "…" --store FOLDER/runs.db
        decide   waystone approve RUN1 --edit '{"amount":…}' --reason "…" --store FOLDER/runs.db
        look     waystone show RUN1 --request --store FOLDER/runs.db
      "
    `)
    expect(exit).toBe(3)
  })

  it('refuses a rejection without a reason', async () => {
    const { exit, err } = await waystone('reject', 'last')
    expect(err).toContain('WAYSTONE_INPUT_DECISION')
    expect(exit).toBe(2)
  })

  it('approves edited', async () => {
    const edited = await waystone('approve', 'last', '--edit', '{"amount":90}', '--reason', 'half')
    expect(edited.out).toContain('boss edited by ada')
    expect(edited.exit).toBe(3)
    expect(JSON.parse((await waystone('show', 'last', '--state')).out)).toMatchObject({ amount: 90 })
  })

  it('refuses edits that do not fit', async () => {
    const { exit, err } = await waystone('approve', 'last', '--edit', '{"amount":"many"}', '--reason', 'half')
    expect(err).toContain('WAYSTONE_INPUT_DECISION')
    expect(exit).toBe(2)
  })

  it('answers with any outcome that is offered, and names them otherwise', async () => {
    const wrong = await waystone('answer', 'last', 'maybe')
    expect(wrong.err).toBe(
      'error: boss has no answer "maybe"; allowed is approved, rejected, edited (WAYSTONE_INPUT_ARGUMENT)\n',
    )
    expect((await waystone('answer', 'last', 'approved', '--by', 'grace')).out).toContain('boss approved by grace')
  })

  it('only records a decision with --detach; resume goes on', async () => {
    const { exit, out } = await waystone('approve', 'last', '--reason', 'fine', '--detach')
    expect(out).toMatchInlineSnapshot(`
      "Handed over: boss approved by ada
      Recorded. Go on with: waystone resume RUN1 --store FOLDER/runs.db
      "
    `)
    expect(exit).toBe(0)
    const resumed = await waystone('resume')
    expect(resumed.out).toMatchInlineSnapshot(`
      "RUN1  run RUN1  support version 2, going on after checkpoint 3
      RUN1      0.0 s  boss   approved by ada: fine
      RUN1      0.0 s         → send
      RUN1      0.0 s  send   tool send: done  0 ms · 1 tool call
      RUN1      0.0 s  send   sent 250 red
      RUN1      0.0 s         → end
      RUN1
      RUN1  completed  run RUN1  6 checkpoints · 2 model calls · 2 tool calls · 240 tokens · $0.0006
      RUN1  {
      RUN1    "letter": "Dear \\u001b[2Jreader, tides come twice a day."
      RUN1  }
      "
    `)
    expect(resumed.exit).toBe(0)
  })

  it('says that nothing is asked any more', async () => {
    await waystone('approve', 'last', '--reason', 'checked')
    const { exit, err } = await waystone('approve', 'last', '--reason', 'again')
    expect(err).toBe(
      'error: run RUN1 asks nothing now; its status is completed; last, step 3 of boss was decided by ada at 2026-01-02 03:04:05Z: approved, “checked”; the run went on to send (WAYSTONE_INPUT_NO_REQUEST)\n',
    )
    expect(exit).toBe(2)
  })
})

describe('waystone hold, release, cancel, resume', () => {
  beforeEach(async () => {
    await waystone('run', 'support.ts', '--input', large)
  })

  it('holds and releases', async () => {
    expect((await waystone('hold', 'last', '--reason', 'prices change')).out).toMatchInlineSnapshot(`
      "hold applied at checkpoint 4; run RUN1 is held.
      "
    `)
    expect((await waystone('hold', 'last', '--reason', 'again')).exit).toBe(1)
    const released = await waystone('release', 'last', '--reason', 'done', '--json')
    expect(JSON.parse(released.out)).toMatchObject({
      move: 'release',
      acceptance: { type: 'applied' },
      status: 'waiting',
    })
  })

  it('leaves nothing half-way that a release has begun', async () => {
    await waystone('run', 'pays.ts')
    await waystone('hold', 'last', '--reason', 'look')
    await waystone('approve', 'last', '--reason', 'fine', '--detach')
    expect((await waystone('release', 'last', '--reason', 'go')).exit).toBe(0)
    const { out } = await waystone('resume', 'last', '--json')
    expect(JSON.parse(out)).toMatchObject({ status: 'completed', output: { paid: 'yes' } })
  })

  it('warns of a patch that a map under way does not see, and says how to begin it anew (H7)', async () => {
    await waystone('run', 'shelf.ts', '--input', '{"orders":["a"]}')
    const { exit, out, err } = await waystone('patch', 'last', '--set', 'orders=["b","c"]', '--reason', 'more came')
    expect({ exit, out }).toMatchObject({ exit: 0, out: expect.stringContaining('patch applied') as string })
    expect(err).toContain(
      'warning  map each is under way: its items are those of the list that step 0 made before orders was patched.\n',
    )
    expect(err).toMatch(
      /To begin it anew: waystone fork RUN\d --at 0 --patch JSON --store .*, or redirect the run to each if that is redirectable/,
    )
  })

  it('patches the state of a run that waits, and of none that has ended (H7)', async () => {
    const patched = await waystone('patch', 'last', '--set', 'amount=300', '--reason', 'a typing error', '--by', 'ops')
    expect(patched.out).toBe('patch applied at checkpoint 4; run RUN1 is waiting.\n')
    expect((await waystone('show', 'last')).out).toContain('patch of amount by ops')
    expect((await waystone('show', 'last', '--request')).out).toContain('amount: 300')
    const wrong = await waystone('patch', 'last', '--set', 'amount="x"', '--reason', 'look')
    expect(wrong.err).toContain('(WAYSTONE_INPUT_PATCH)')
    expect((await waystone('patch', 'last', '--set', 'amount', '--reason', 'look')).err).toContain(
      '--set: found "amount"; allowed is key=JSON',
    )
    await waystone('cancel', 'last', '--reason', 'withdrawn')
    const late = await waystone('patch', 'last', '--set', 'amount=1', '--reason', 'late')
    expect(late.err).toContain('refused (run-ended)')
    expect(late.exit).toBe(1)
  })

  it('takes questions about what it asks, and answers to them (H5)', async () => {
    expect((await waystone('ask', 'last', 'is it right?', '--by', 'bo')).out).toBe(
      'Recorded; step 3 of boss stays open.\n',
    )
    expect((await waystone('show', 'last', '--request')).out).toContain('asked   1  bo: is it right?')
    const { out } = await waystone('answer', 'last', '--text', 'I have checked it', '--by', 'ada')
    expect(out).toBe('Recorded; step 3 of boss stays open.\n')
    const shown = await waystone('show', 'last')
    expect(shown.out).toContain('boss')
    expect(shown.out).toContain('question by bo: is it right?')
    expect(shown.out).toContain('answer by ada: I have checked it')
    expect((await waystone('show', 'last', '--request')).out).toContain('   ada: I have checked it')
    expect((await waystone('audit', 'last')).out).toMatch(/bo \(cli\) +boss question: is it right\?/)
    expect((await waystone('answer', 'last', '--text', 'again')).err).toContain('refused (no-such-question)')
    expect((await waystone('answer', 'last', 'approved', '--text', 'x')).err).toContain(
      'found outcome "approved" and --text',
    )
    expect((await waystone('answer', 'last', '--question', '1')).err).toContain('--question: names what --text answers')
  })

  it('redirects a run to a node that is declared so, and to no other (H7)', async () => {
    await waystone('run', 'redirectable.ts', '--input', '{"order":"o-1"}')
    const sent = await waystone('redirect', 'last', 'write', '--reason', 'once more', '--by', 'ops')
    expect(sent.out).toMatch(/^redirect applied at checkpoint 1; run RUN\d is waiting\.\n$/)
    const { out } = await waystone('show', 'last')
    expect(out).toContain('redirected to write by ops')
    const refused = await waystone('redirect', 'last', 'send', '--reason', 'now')
    expect(refused.err).toContain(
      'refused (not-redirectable): node send is not declared redirectable; redirectable are write',
    )
    expect(refused.exit).toBe(1)
    expect((await waystone('redirect', 'last', 'nowhere', '--reason', 'now')).err).toContain(
      '(WAYSTONE_INPUT_REDIRECT)',
    )
    expect((await waystone('graph', 'redirectable.ts')).out).toContain('<b>write</b><br>approval<br>redirectable')
  })

  it('refuses somebody who is no delegate of whom they decide for (H6)', async () => {
    const { err, exit } = await waystone('approve', 'last', '--by', 'dan', '--for', 'ada', '--reason', 'fine')
    expect(err).toBe('refused (not-a-delegate): dan may not decide for ada\n')
    expect(exit).toBe(1)
  })

  it('deletes a run that has ended, and any by force; a fork of it says so (S5)', async () => {
    const refused = await waystone('delete', 'last')
    expect(refused.err).toBe('refused (not-ended): run RUN1 is waiting; cancel it first, or force the deletion\n')
    expect(refused.exit).toBe(1)
    await waystone('fork', 'last', '--at', '3', '--reason', 'another try', '--detach')
    const [fork, origin] = (JSON.parse((await waystone('runs', '--json')).out) as { runs: { runId: string }[] }).runs
    const deleted = await waystone('delete', origin?.runId ?? '', '--force')
    expect(deleted.out).toMatch(/^deleted run RUN\d of support: 4 checkpoints\.\n$/)
    expect((await waystone('show', fork?.runId ?? '')).out).toContain(' at 3, which is no longer stored')
    expect((await waystone('audit', fork?.runId ?? '')).out).toContain('is no longer stored: what its guards had read')
    expect((await waystone('delete', origin?.runId ?? '')).exit).toBe(2)
  })

  it('cancels for good', async () => {
    expect((await waystone('cancel', 'last', '--reason', 'withdrawn')).out).toMatchInlineSnapshot(`
      "cancel applied at checkpoint 4; run RUN1 is cancelled.
      "
    `)
    expect((await waystone('cancel', 'last', '--reason', 'again')).exit).toBe(1)
    const resumed = await waystone('resume', 'last')
    expect(resumed.err).toBe('Run RUN1 has ended: cancelled.\n')
    expect(resumed.exit).toBe(1)
  })

  it('resumes a run that waits by saying what it waits for', async () => {
    const { out, exit } = await waystone('resume', 'last')
    expect(out).toMatchInlineSnapshot(`
      "run RUN1  support version 2, going on after checkpoint 3

      waiting  run RUN1  4 checkpoints · 2 model calls · 1 tool call · 240 tokens · $0.0006
      waits for a person: step 3  boss: a large amount  (approved, rejected, edited)
        expires  2026-01-04 03:04 (in 2 d) → end  [boss.expired]
        decide   waystone approve RUN1 --reason "…" --store FOLDER/runs.db
        decide   waystone reject RUN1 --reason "…" --store FOLDER/runs.db
        decide   waystone approve RUN1 --edit '{"amount":…}' --reason "…" --store FOLDER/runs.db
        look     waystone show RUN1 --request --store FOLDER/runs.db
      "
    `)
    expect(exit).toBe(3)
  })

  it('has nothing to go on with', async () => {
    expect((await waystone('resume')).out).toMatch(/^Nothing to go on with in /)
  })
})

describe('waystone replay, fork, audit', () => {
  beforeEach(async () => {
    await waystone('run', 'support.ts', '--input', large)
    await waystone('approve', 'last', '--reason', 'checked')
  })

  it('derives a run again (R3)', async () => {
    const { exit, out } = await waystone('replay', 'last')
    expect(out).toMatchInlineSnapshot(`
      "equal  run RUN1: 6 checkpoints derived again from their events, byte for byte, without an effect
      "
    `)
    expect(exit).toBe(0)
    expect(JSON.parse((await waystone('replay', 'last', '--json')).out)).toMatchObject({
      isEqual: true,
      divergence: null,
    })
  })

  it('names the first divergence under a changed guard', async () => {
    const { exit, out } = await waystone('replay', 'last', '--file', 'changed.ts')
    expect(out).toMatchInlineSnapshot(`
      "differs  run RUN1: first at checkpoint 3, node write; 3 before it are equal
        at 3 write.done took write.done.1; now it takes write.done.0
        stored   {"node":"write","visit":1,"outcome":"done","candidates":[{"edge":"write.done.0","verdict":"guard","guards":[{"guard":"isSmall","result":false,"read":{"amount":250}}]},{"edge":"write.done.1","verdict":"taken"}],"taken":"write.done.1","to":"boss"}
        derived  {"node":"write","visit":1,"outcome":"done","candidates":[{"edge":"write.done.0","verdict":"taken","guards":[{"guard":"isSmall","result":true,"read":{"amount":250}}]},{"edge":"write.done.1","verdict":"later"}],"taken":"write.done.0","to":"send"}
        look     waystone show RUN1 --at 3 --why --store FOLDER/runs.db
      "
    `)
    expect(exit).toBe(1)
  })

  it('forks with another state and leaves the origin alone (R4)', async () => {
    const { exit, out } = await waystone('fork', 'RUN1', '--at', '2', '--patch', '{"amount":20}', '--reason', 'what if')
    expect(out).toMatchInlineSnapshot(`
      "run RUN2  fork of RUN1 at checkpoint 2
          0.0 s  write  model: done  0 ms · 1 model call · 120 tokens · $0.0003
          0.0 s         → send  because isSmall is true (amount = 20)
          0.0 s  send   tool send: done  0 ms · 1 tool call
          0.0 s  send   sent 20 red
          0.0 s         → end

      completed  run RUN2  3 checkpoints · 1 model call · 1 tool call · 120 tokens · $0.0003
      {
        "letter": "Dear \\u001b[2Jreader, tides come twice a day."
      }
      "
    `)
    expect(exit).toBe(0)
    expect(JSON.parse((await waystone('show', 'RUN1', '--state', '--json')).out)).toMatchObject({
      state: { amount: 250 },
    })
  })

  it('refuses a patch that does not fit, and a fork without its checkpoint', async () => {
    expect((await waystone('fork', 'last', '--at', '2', '--patch', '{"amount":"x"}')).err).toContain(
      'WAYSTONE_INPUT_FORK_PATCH',
    )
    expect((await waystone('fork', 'last')).err).toContain("required option '--at <sequence>' not specified")
  })

  it('refuses to go on from the end, and to carry an approval over to what it did not show', async () => {
    expect((await waystone('fork', 'last', '--at', '5')).err).toContain('WAYSTONE_INPUT_FORK)')
    expect((await waystone('fork', 'last', '--at', '4')).err).toContain('in the fork on boss.approved of its origin')
    const patched = ['fork', 'last', '--at', '4', '--patch', '{"amount":300}'] as const
    expect((await waystone(...patched)).err).toContain('WAYSTONE_INPUT_FORK_POLICY')
    const overridden = await waystone(...patched, '--override', 'send', '--detach')
    expect(overridden.out).toMatch(/^run RUN2 {2}fork of RUN1 at checkpoint 4\nGo on with: waystone resume RUN2/)
    expect(overridden.exit).toBe(0)
  })

  it('audits people, policies and the chain (O3)', async () => {
    const { exit, out } = await waystone('audit', 'last')
    expect(out).toMatchInlineSnapshot(`
      "intact  run RUN1, workflow support: 6 checkpoints, each hash verified and chained to the one before

      Transitions:
         seq  at                    who                          event            edge
           0  2026-01-02 03:04:05Z  the caller                   run.started
           1  2026-01-02 03:04:05Z  node write (offline:writer)  effect.ended     write:tools
           2  2026-01-02 03:04:05Z  node write                   effect.ended     write:model
           3  2026-01-02 03:04:05Z  node write (offline:writer)  effect.ended     write.done.1 → boss
           4  2026-01-02 03:04:05Z  ada                          request.decided  boss.approved → send
           5  2026-01-02 03:04:05Z  node send                    effect.ended     send.done → end

      People:
           4  2026-01-02 03:04:05Z  ada (cli)  boss approved: checked

      Policies:
        held  send never without boss.approved, given not isSmall (used at 4)
      "
    `)
    expect(exit).toBe(0)
    expect(JSON.parse((await waystone('audit', 'last', '--json')).out)).toMatchObject({
      chain: { isIntact: true },
      people: [{ by: 'ada', outcome: 'approved' }],
    })
  })
})

describe('waystone graph', () => {
  it.each([
    ['mermaid', 'flowchart TD'],
    ['svg', '<svg'],
    ['json', '"nodes"'],
    ['xstate', '"states"'],
  ])('writes %s', async (format, part) => {
    const { exit, out } = await waystone('graph', 'support.ts', '--format', format)
    expect(out).toContain(part)
    expect(exit).toBe(0)
  })

  it('writes the machine as a configuration that XState reads', async () => {
    const { out } = await waystone('graph', 'support.ts', '--format', 'xstate')
    const config = JSON.parse(out) as { states: { write: object } }
    expect(config).toMatchObject({ id: 'support', initial: 'write' })
    expect(Object.keys(config.states)).toEqual(expect.arrayContaining(['write', 'boss', 'send', ':end', ':fail']))
    expect(config.states.write).toMatchObject({ id: 'node:write', initial: 'model' })
  })

  it('writes to a file', async () => {
    const path = `${waystone.store}.svg`
    const { out, err } = await waystone('graph', 'support.ts', '--format', 'svg', '--output', path)
    expect(out).toBe('')
    expect(err).toBe('Wrote FOLDER/runs.db.svg.\n')
    expect(readFileSync(path, 'utf8')).toMatch(/^<svg [\s\S]*<\/svg>\n$/)
  })

  it('refuses another format and names those there are', async () => {
    const { exit, err } = await waystone('graph', 'support.ts', '--format', 'png')
    expect(err).toContain('Allowed choices are mermaid, svg, json, xstate.')
    expect(exit).toBe(2)
  })
})
