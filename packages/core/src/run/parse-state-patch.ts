import { takeJson, type Json, type JsonObject } from '../base/json.ts'
import type { CompiledWorkflow } from '../compile/compiled-workflow.ts'
import type { ErrorCode } from '../errors/codes.ts'
import { inputError } from '../errors/input-error.ts'

/**
 * State keys as somebody outside of the workflow wants them, each parsed by the state's own schema.
 *
 * @param code - thrown when a key is none of the state's or a value does not fit; names every problem
 * @throws {InputError} `code`; WAYSTONE_INPUT_NOT_JSON
 */
export function parseStatePatch(compiled: CompiledWorkflow, patch: JsonObject, code: ErrorCode): JsonObject {
  const problems: string[] = []
  const parsed: { [key: string]: Json } = {}
  for (const [key, value] of Object.entries(patch)) {
    const schema = compiled.registry.stateSchemas.get(key)
    if (schema === undefined) {
      problems.push(noSuchKey(compiled, key))
      continue
    }
    const result = schema.safeParse(value)
    if (result.success) parsed[key] = takeJson(result.data, `patch of ${key}`)
    else problems.push(...result.error.issues.map((issue) => `${[key, ...issue.path].join('.')}: ${issue.message}`))
  }
  refuseProblems(problems, code)
  return takeJson(parsed, 'patch') as JsonObject
}

/** Keys to be removed, which must be optional. @throws {InputError} `code` */
export function parseUnsetKeys(
  compiled: CompiledWorkflow,
  unset: readonly string[],
  { code, patch }: { readonly code: ErrorCode; readonly patch: JsonObject },
): readonly string[] {
  const problems = unset.flatMap((key) => {
    const record = Object.hasOwn(compiled.graph.state, key) ? compiled.graph.state[key] : undefined
    if (record === undefined) return [noSuchKey(compiled, key)]
    if (Object.hasOwn(patch, key)) return [`${key}: is both set and removed`]
    return record.optional ? [] : [`${key}: is not optional, so it cannot be removed`]
  })
  refuseProblems(problems, code)
  return Object.freeze([...new Set(unset)])
}

function noSuchKey({ graph }: CompiledWorkflow, key: string): string {
  return `${key}: no such state key; there are ${Object.keys(graph.state).join(', ')}`
}

function refuseProblems(problems: readonly string[], code: ErrorCode): void {
  if (problems.length === 0) return
  const lines = problems.map((line) => `  ${line}`).join('\n')
  throw inputError(code, `the patch does not fit the state:\n${lines}`, { problems })
}
