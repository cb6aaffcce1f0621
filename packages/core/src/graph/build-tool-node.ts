import { buildBase, effectKeys, readEffect } from './build-base.ts'
import { readCompensation } from './build-compensation.ts'
import { checkMapping } from './build-mapping.ts'
import type { BuiltNode, NodeSite } from './build-scope.ts'
import { defaultRetry, readRetry } from './build-retry.ts'
import { collectTool, declaredEffect, toolDefinitionOf } from './tool-definition.ts'
import { checkKeys, readDuration, readFunction, readStateKeys, type Written } from './read-config.ts'
import { isSchema, jsonSchemaOf } from './zod-json.ts'

/** Reads a tool that is used as a node. */
export function buildToolNode(site: NodeSite): BuiltNode {
  const { written, scope, definition } = site
  checkKeys(written, [...effectKeys, 'writes', 'effect', 'input', 'apply', 'compensate'])
  const tool = collectTool(scope, definition.subject, written)
  const subject = toolDefinitionOf(definition.subject)
  if (tool === undefined || subject === undefined) return undefined
  const own: Written = { ...written, config: subject.config, issues: silent }
  const least = declaredEffect(subject.config['effect'])
  const effect = readEffect(written, least)
  const writes = readStateKeys(written, 'writes', scope.stateKeys)
  const input = readFunction(written, 'input')
  const apply = readFunction(written, 'apply')
  const base = buildBase(site, {
    effect,
    writes,
    outcomes: ['done'],
    retry: subject.config['retry'] === undefined ? defaultRetry(effect) : readRetry(own, defaultRetry(effect)),
    timeoutMs: readDuration(own, 'timeout'),
  })
  const undo = readCompensation({ scope, id: site.id, written, reads: base.reads, effect, mayDecline: true })
  const { input: inputSchema, output: outputSchema } = subject.config
  if (input === null && isSchema(inputSchema)) {
    checkMapping(site, { direction: 'input', schema: jsonSchemaOf(inputSchema, 'input') ?? {}, keys: base.reads })
  }
  if (apply === null && isSchema(outputSchema)) {
    checkMapping(site, { direction: 'apply', schema: jsonSchemaOf(outputSchema, 'output') ?? {}, keys: writes })
  }
  return {
    record: { ...base, kind: 'tool', tool, ...(undo !== undefined && { compensate: undo?.record ?? null }) },
    functions: {
      kind: 'tool',
      ...(undo && { compensate: undo.functions }),
      input: input === null ? null : (given) => input(given),
      apply: apply === null ? null : (output, given) => apply(output, given),
    },
  }
}

/** What is wrong with the tool itself is reported once, at the tool. */
export const silent: Written['issues'] = { add: () => undefined, throwIfAny: () => undefined }
