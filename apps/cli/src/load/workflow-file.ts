import { resolve } from 'node:path'
import { InputError, type Model, type Workflow } from '@waystone/core'
import { importModule, type ModuleExports } from './import-module.ts'

/** A workflow as it was found in a file. */
export interface LoadedWorkflow {
  readonly workflow: Workflow
  /** Absolute path. */
  readonly file: string
  /** Name of the export. */
  readonly exportName: string
  /** `file#export`: finds it again from anywhere. */
  readonly reference: string
  /** The module's `offlineModels`, when it exports some. */
  readonly offlineModels: { readonly [name: string]: Model }
}

/**
 * Loads `FILE` or `FILE#export`, which runs the file.
 *
 * Order: without a name, the only workflow among the exports is meant; one that is exported under several names counts once.
 *
 * @throws {InputError} WAYSTONE_INPUT_WORKFLOW_MISSING, WAYSTONE_INPUT_WORKFLOW_AMBIGUOUS, and those of `importModule`
 */
export async function loadWorkflow(reference: string, cwd: string): Promise<LoadedWorkflow> {
  const hash = reference.lastIndexOf('#')
  const path = hash === -1 ? reference : reference.slice(0, hash)
  const asked = hash === -1 ? undefined : reference.slice(hash + 1)
  const exports = await importModule(path, { cwd, what: 'workflow' })
  const [exportName, workflow] = pick(path, asked, workflowsOf(exports))
  const file = resolve(cwd, path)
  return {
    workflow,
    file,
    exportName,
    reference: `${file}#${exportName}`,
    offlineModels: offlineModelsOf(exports, path),
  }
}

type NamedWorkflow = readonly [name: string, workflow: Workflow]

function workflowsOf(exports: ModuleExports): readonly NamedWorkflow[] {
  return Object.entries(exports).flatMap(([name, value]) => (isWorkflow(value) ? [[name, value] as const] : []))
}

const marker = Symbol.for('waystone.workflow')

/** True for a workflow, also one that another copy of the package made. */
function isWorkflow(value: unknown): value is Workflow {
  return typeof value === 'object' && value !== null && marker in value
}

function pick(path: string, asked: string | undefined, found: readonly NamedWorkflow[]): NamedWorkflow {
  const names = found.map(([name]) => name).toSorted()
  const allowed = names.length === 0 ? 'it exports no workflow' : `its workflows are ${names.join(', ')}`
  if (asked !== undefined) {
    const match = found.find(([name]) => name === asked)
    if (match !== undefined) return match
    const message = `workflow file ${path}: found no workflow exported as "${asked}"; ${allowed}`
    throw new InputError('WAYSTONE_INPUT_WORKFLOW_MISSING', message, { file: path, asked, found: names })
  }
  const [first, ...others] = found
  if (first === undefined) {
    const message = `workflow file ${path}: ${allowed}; export what w.workflow(…) returns`
    throw new InputError('WAYSTONE_INPUT_WORKFLOW_MISSING', message, { file: path, found: [] })
  }
  if (others.every(([, workflow]) => workflow === first[1])) return first
  const choices = names.map((name) => `${path}#${name}`).join(', ')
  const message = `workflow file ${path}: found ${names.length} workflows, one is meant; say which: ${choices}`
  throw new InputError('WAYSTONE_INPUT_WORKFLOW_AMBIGUOUS', message, { file: path, found: names })
}

function offlineModelsOf(exports: ModuleExports, path: string): { readonly [name: string]: Model } {
  const models = exports['offlineModels']
  if (models === undefined) return {}
  if (typeof models === 'object' && models !== null) return models as { readonly [name: string]: Model }
  const message = `workflow file ${path}: found ${typeof models} exported as "offlineModels"; allowed is an object of models by name`
  throw new InputError('WAYSTONE_INPUT_CONFIG', message, { file: path })
}
