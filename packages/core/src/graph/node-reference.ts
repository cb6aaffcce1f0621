import { nodeMarker, type NodeDefinition } from '../define/node.ts'
import { referenceMarker, type ReferenceDefinition } from '../define/nodes.ts'

/** The definition inside a node or a reference to one. */
export function nodeDefinitionOf(value: unknown): NodeDefinition | undefined {
  if (typeof value !== 'object' || value === null || !(nodeMarker in value)) return undefined
  return value[nodeMarker] as NodeDefinition
}

/** What is known of `n.name`; undefined for anything else. */
export function referenceOf(value: unknown): ReferenceDefinition | undefined {
  if (typeof value !== 'object' || value === null || !(referenceMarker in value)) return undefined
  return value[referenceMarker] as ReferenceDefinition
}
