import { Extractor, ExtractorConfig, type ExtractorMessage } from '@microsoft/api-extractor'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { root, workspacePackages } from './workspace.ts'

/** One package entry whose exports are kept as a report: `packages/core/api/store.api.md`. */
export interface ApiEntry {
  readonly folder: string
  /** `index`, `store`. */
  readonly name: string
}

/** What came of comparing an entry's built declarations with its report. */
export interface ApiResult {
  readonly isChanged: boolean
  /** What API Extractor holds against the exports, in words. */
  readonly complaints: readonly string[]
}

/** Every code entry of every public package. */
export function apiEntries(): readonly ApiEntry[] {
  return workspacePackages()
    .filter((one) => one.isPublic)
    .flatMap(({ folder, entries }) =>
      entries.map((entry) => ({ folder, name: entry === '.' ? 'index' : entry.slice('./'.length) })),
    )
}

/**
 * Compares the built declarations of an entry with its report.
 *
 * @param isUpdate - writes the report anew when it differs
 */
export function extractApi({ folder, name }: ApiEntry, isUpdate: boolean): ApiResult {
  const complaints: string[] = []
  mkdirSync(join(root, folder, 'api'), { recursive: true })
  const result = Extractor.invoke(configuration(folder, name), {
    localBuild: isUpdate,
    messageCallback(message) {
      message.handled = true
      if (isComplaint(message)) complaints.push(message.formatMessageWithLocation(root))
    },
  })
  return { isChanged: result.apiReportChanged, complaints }
}

function isComplaint({ logLevel, messageId }: ExtractorMessage): boolean {
  const level: string = logLevel
  return (level === 'error' || level === 'warning') && !messageId.startsWith('console-api-report-')
}

const settings = ExtractorConfig.loadFile(join(root, 'packages/tooling/api-extractor.json'))

function configuration(folder: string, name: string): ExtractorConfig {
  const projectFolder = join(root, folder)
  const entryPoint = join(projectFolder, 'dist', `${name}.d.ts`)
  const overrideTsconfig = {
    extends: join(root, 'tsconfig.json'),
    compilerOptions: { customConditions: [] },
    include: [],
    files: [entryPoint],
  }
  return ExtractorConfig.prepare({
    configObjectFullPath: undefined,
    packageJsonFullPath: join(projectFolder, 'package.json'),
    configObject: {
      ...settings,
      projectFolder,
      mainEntryPointFilePath: entryPoint,
      compiler: { overrideTsconfig },
      apiReport: {
        enabled: true,
        reportFileName: `${name}.api.md`,
        reportFolder: join(projectFolder, 'api'),
        reportTempFolder: join(root, 'node_modules/.cache/api', folder),
      },
    },
  })
}
