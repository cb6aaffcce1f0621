// A service to try `--live` with, at no cost: answers of a model's shape, made by hand, to what the bundled repository makes the workflow ask.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startModelLab } from '@waystone/testing/lab'
import { fixtureProject, keepFixtureRepository } from './fixture-repository.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const repository = join(root, '.waystone', 'fixture-repository')
await keepFixtureRepository(repository)
const file = fileURLToPath(new URL('fixtures/recorded-answers.json', import.meta.url))
const lab = await startModelLab({ replay: { file, isRepeated: true } })
const input = JSON.stringify({ repository, project: fixtureProject })
process.stdout.write(
  [
    'The model lab answers as recorded, in both APIs. In another terminal:',
    '',
    `  export OPENAI_BASE_URL=${lab.url} OPENAI_API_KEY=none`,
    `  npm run -s waystone -- run examples/release-notes/workflow.ts --live --input '${input}'`,
    '',
    'Ctrl-C ends it.',
    '',
  ].join('\n'),
)
process.once('SIGINT', () => void lab.close())
