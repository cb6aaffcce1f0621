import { effectClasses, type EffectClass } from '../define/effect-class.ts'
import { toolMarker, type ToolDefinition } from '../define/tool.ts'
import type { BuildScope } from './build-scope.ts'
import { describeValue } from './issues.ts'
import { placeOf } from './place.ts'
import type { Written } from './read-config.ts'

/** The definition inside a tool, or undefined for anything else. */
export function toolDefinitionOf(value: unknown): ToolDefinition | undefined {
  if (typeof value !== 'object' || value === null || !(toolMarker in value)) return undefined
  return value[toolMarker] as ToolDefinition
}

/** Collects a tool that a node, an agent or a policy names. @returns its name; undefined when it is none */
export function collectTool(scope: BuildScope, tool: unknown, written: Written): string | undefined {
  const definition = toolDefinitionOf(tool)
  const name = definition?.config['name']
  if (definition === undefined) {
    scope.issues.add('WAYSTONE_DEFINITION_BAD_TOOL', written.place, {
      message: `${written.subject}: found ${describeValue(tool)} where a tool is expected`,
      hint: 'Make tools with defineTool({ name, description, input, output, run }).',
    })
    return undefined
  }
  if (typeof name !== 'string' || !/^[A-Za-z0-9_-]{1,64}$/.test(name) || name in Object.prototype) {
    scope.issues.add(
      'WAYSTONE_DEFINITION_BAD_NAME',
      placeOf(`${scope.name}.tools.${String(name)}`, definition.source),
      {
        message: `tool name ${describeValue(name)} is no valid name`,
        hint: 'Names of tools have 1 to 64 letters, digits, _ and -; names that every object has, such as constructor, are taken.',
      },
    )
    return undefined
  }
  const known = scope.tools.get(name)
  const place = placeOf(`${scope.name}.tools.${name}`, definition.source)
  if (known === undefined) scope.tools.set(name, { definition, place })
  else if (known.definition !== definition) {
    scope.issues.add('WAYSTONE_DEFINITION_DUPLICATE', place, {
      message: `two tools are named ${JSON.stringify(name)}`,
      hint: 'Give each tool its own name, or use the same tool object twice.',
    })
  }
  return name
}

/** How careful a tool says it is. */
export function declaredEffect(value: unknown): EffectClass {
  return effectClasses.find((effect) => effect === value) ?? 'unsafe'
}
