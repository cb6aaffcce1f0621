import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import OpenAI from 'openai'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { faults } from './faults.ts'
import type { LabOptions, ModelLab, ReplayingLabOptions } from './model-lab.ts'
import { startModelLab } from './start-model-lab.ts'

const key = 'proj-0123456789-secret'
const labs: ModelLab[] = []
let folder = ''
let file = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'waystone-lab-'))
  file = join(folder, 'answers.json')
})

afterEach(async () => {
  await Promise.all(labs.splice(0).map((lab) => lab.close()))
  rmSync(folder, { recursive: true })
})

async function start(options: LabOptions): Promise<ModelLab> {
  const lab = await startModelLab(options)
  labs.push(lab)
  return lab
}

function replay(options: Partial<ReplayingLabOptions['replay']> = {}): Promise<ModelLab> {
  return start({ replay: { file, ...options } })
}

interface Asked {
  readonly input?: string
  readonly isStream?: boolean
  readonly path?: string
  readonly more?: object
}

/** The whole answer, byte by byte. */
async function ask(
  lab: ModelLab,
  { input = 'Hello', isStream = false, path = '/responses', more = {} }: Asked = {},
): Promise<{
  status: number
  text: string
}> {
  const response = await fetch(`${lab.url}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({
      model: 'small',
      stream: isStream,
      input,
      messages: [{ role: 'user', content: input }],
      ...more,
    }),
  })
  return { status: response.status, text: await response.text() }
}

describe('record and replay', () => {
  it('gives back every byte: streams, bodies, reasoning, usage, errors, both APIs', async () => {
    const upstream = await start({
      script: [
        {
          reasoning: [{ summary: 'Hm.', encrypted: 'opaque' }],
          calls: [{ name: 'weather', arguments: { city: 'Málaga 🌍' } }],
        },
        { text: 'Hello to you.', usage: { inputTokens: 9, outputTokens: 8, cachedTokens: 7, reasoningTokens: 6 } },
        'a chat stream',
        faults.rateLimited({ retryAfterMs: 7 }),
      ],
    })
    const recorder = await start({ record: { file, upstream: upstream.url } })
    const asked: Asked[] = [
      { isStream: true, more: { include: ['reasoning.encrypted_content'] } },
      { input: 'Not streamed' },
      { isStream: true, path: '/chat/completions', more: { stream_options: { include_usage: true } } },
      { input: 'Too fast' },
    ]
    const recorded = []
    for (const one of asked) recorded.push(await ask(recorder, one))
    recorder.assertComplete()
    const again = await replay()
    const replayed = []
    for (const one of asked.toReversed()) replayed.unshift(await ask(again, one))
    expect(replayed).toEqual(recorded)
    expect(replayed.map(({ status }) => status)).toEqual([200, 200, 200, 429])
    expect(replayed[0]?.text).toContain('opaque')
    again.assertComplete()
    expect(again.totals()).toMatchObject({ ...recorder.totals(), maxInFlight: 1 })
    expect(upstream.entries[0]?.path).toBe('/v1/responses')
  })

  it('answers the openai SDK as the service did', async () => {
    const upstream = await start({ script: ['From afar.'] })
    const recorder = await start({ record: { file, upstream: upstream.url } })
    const say = (lab: ModelLab): Promise<string> =>
      new OpenAI({ baseURL: lab.url, apiKey: key, maxRetries: 0 }).responses
        .stream({ model: 'm', input: 'x' })
        .finalResponse()
        .then((response) => response.output_text)
    expect(await say(recorder)).toBe('From afar.')
    expect(await say(await replay())).toBe('From afar.')
  })

  it('writes no key, wherever it stands, and one readable file that does not depend on the order', async () => {
    const texts: string[] = []
    for (const order of [
      ['a', 'b'],
      ['b', 'a'],
    ]) {
      const upstream = await start({
        script: [{ when: {}, answers: [{ text: `Key ${key}, sk-abcdefghijklm0123 and mine-mine` }], isRepeated: true }],
      })
      const recorder = await start({ record: { file, upstream: upstream.url, secrets: ['mine-mine'] } })
      for (const input of order) await ask(recorder, { input: `${input} with ${key}` })
      texts.push(readFileSync(file, 'utf8').replaceAll(/_000\d|17672256\d\d/g, ''))
    }
    expect(texts[0]).toBe(texts[1])
    expect(texts[0]).not.toMatch(/0123456789|sk-abcdef|mine-mine|authorization/i)
    expect(texts[0]).toContain('Key [secret], [secret] and [secret]')
    const again = await replay({ secrets: ['mine-mine'] })
    expect((await ask(again, { input: `a with ${key}` })).status).toBe(200)
  })

  it('misses when one word differs, and shows it', async () => {
    const upstream = await start({ script: ['one', 'two'] })
    const recorder = await start({ record: { file, upstream: upstream.url } })
    const instructions = 'You sort mails.\nBe brief.'
    await ask(recorder, { input: 'Something else entirely, and much longer than that' })
    await ask(recorder, { more: { instructions } })
    const again = await replay()
    const miss = await ask(again, { more: { instructions: instructions.replace('brief', 'short') } })
    expect(miss.status).toBe(500)
    expect(miss.text).toContain('lab_recording_miss')
    expect(again.problems[0]?.replace(folder, 'folder')).toMatchInlineSnapshot(`
      "request 0: folder/answers.json has no such request; nearest is exchange 0, 1 difference (- recorded, + asked):
        instructions, line 2
          - "Be brief."
          + "Be short.""
    `)
    expect(() => again.assertComplete()).toThrow('exchange 0 (POST /responses) was never asked for')
    expect(() => again.assertComplete()).toThrow(
      expect.objectContaining({ code: 'WAYSTONE_INPUT_RECORDING_MISS' }) as Error,
    )
  })

  it('gives equal requests their answers in order, and no more than recorded unless told so', async () => {
    const upstream = await start({ script: [faults.serverError(), 'then this'] })
    const recorder = await start({ record: { file, upstream: upstream.url } })
    await ask(recorder)
    await ask(recorder)
    const again = await replay()
    expect([(await ask(again)).status, (await ask(again)).status, (await ask(again)).status]).toEqual([500, 200, 500])
    expect(again.problems[0]).toContain('has 2 answers for this very request, and it was made once more')
    const repeating = await replay({ isRepeated: true })
    const statuses = []
    for (let index = 0; index < 4; index += 1) statuses.push((await ask(repeating)).status)
    expect(statuses).toEqual([500, 200, 200, 200])
  })

  it('leaves out what is named', async () => {
    const upstream = await start({ script: ['x'] })
    const recorder = await start({ record: { file, upstream: upstream.url } })
    await ask(recorder, { more: { metadata: { run: 'r1', node: 'a' } } })
    const again = await replay({ ignore: ['metadata.run'] })
    expect((await ask(again, { more: { metadata: { run: 'r2', node: 'b' } } })).status).toBe(500)
    expect(again.problems[0]).toContain('1 difference (- recorded, + asked):\n  metadata.node')
    expect((await ask(again, { more: { metadata: { run: 'r2', node: 'a' } } })).status).toBe(200)
  })

  it.each(['/responses', '/chat/completions'])(
    'refuses to record a stream of %s that spells out a key',
    async (path) => {
      const upstream = await start({ script: [`Your key is ${key}, is it not?`, 'Nothing of the kind.'] })
      const recorder = await start({ record: { file, upstream: upstream.url } })
      await expect(ask(recorder, { path, isStream: true })).rejects.toThrow('terminated')
      expect(recorder.problems).toEqual([
        'request 0: the answer spells out a secret piece by piece: it is not recorded',
      ])
      await ask(recorder, { path, isStream: true })
      expect(readFileSync(file, 'utf8')).not.toContain('Your key')
    },
  )

  it('passes a key in the query on, and records it without', async () => {
    const upstream = await start({ script: [] })
    const recorder = await start({ record: { file, upstream: upstream.url } })
    const path = '/models?key=abcdef&page=2'
    await fetch(`${recorder.url}${path}`)
    expect(upstream.problems[0]).toContain('/v1/models?key=[secret]&page=2')
    expect(readFileSync(file, 'utf8')).not.toContain('abcdef')
    const again = await replay()
    expect((await fetch(`${again.url}${path}`)).status).toBe(404)
    again.assertComplete()
  })

  it('cuts again what the service cut', async () => {
    const upstream = await start({ script: [faults.cut(3, 'One two three four.')] })
    const recorder = await start({ record: { file, upstream: upstream.url } })
    await expect(ask(recorder, { isStream: true })).rejects.toThrow('terminated')
    await recorder.untilIdle()
    recorder.assertComplete()
    const again = await replay()
    await expect(ask(again, { isStream: true })).rejects.toThrow('terminated')
    expect((await again.untilIdle())[0]).toMatchObject({ frames: 3, end: { by: 'lab', isWhole: false } })
  })

  it('says when there is nothing like the request, no service, and no recording', async () => {
    writeFileSync(file, JSON.stringify({ format: 1, exchanges: [] }))
    const empty = await replay()
    await ask(empty)
    expect(empty.problems[0]).toContain('has no POST /responses (0 exchanges)')
    const gone = await start({ script: [] })
    await gone.close()
    const recorder = await start({ record: { file, upstream: gone.url } })
    expect((await ask(recorder)).text).toContain('could not be asked')
    for (const text of ['{', '{"format":2,"exchanges":[]}', '{"format":1,"exchanges":[{}]}']) {
      writeFileSync(file, text)
      await expect(replay()).rejects.toMatchObject({ code: 'WAYSTONE_INPUT_RECORDING_FILE' })
    }
    await expect(replay({ file: join(folder, 'none.json') })).rejects.toThrow('cannot be read')
    const service = await start({ script: ['x'] })
    const lost = await start({ record: { file: join(file, 'in-a-file.json'), upstream: service.url } })
    expect((await ask(lost)).text).toContain('in-a-file.json cannot be written')
    expect(lost.problems).toHaveLength(1)
  })
})
