import { nodeMarker, type NodeDefinition } from './node.ts'
import { callerOf, type SourceLine } from './source-line.ts'

/** Marks the table that `w.nodes` returns; its value is what `graph` reads. */
export const nodesMarker: unique symbol = Symbol.for('waystone.nodes')

/** Marks a reference `n.name`. */
export const referenceMarker: unique symbol = Symbol.for('waystone.reference')

/** The nodes of `w.nodes`, as written. */
export interface NodesDefinition {
  readonly entries: readonly (readonly [name: string, node: unknown])[]
}

/** Where `n.name` was written, and which table it came from. */
export interface ReferenceDefinition {
  readonly table: NodesDefinition
  readonly name: string
  readonly source: SourceLine | undefined
}

/** Makes a node object out of what was written. */
export function makeNode(written: Omit<NodeDefinition, 'config'> & { readonly config: unknown }): unknown {
  const definition: NodeDefinition = { ...written, config: Object.freeze({ ...(written.config as object) }) }
  return Object.freeze({ [nodeMarker]: Object.freeze(definition) })
}

/**
 * Makes the table: each read of `n.name` is a reference that knows its own line.
 *
 * @param made - for a table that no author reads: the line of the author's that it was made for
 */
export function makeNodes(nodes: unknown, made?: { readonly source: SourceLine | undefined }): unknown {
  const given = typeof nodes === 'object' && nodes !== null ? nodes : {}
  const definition: NodesDefinition = Object.freeze({ entries: Object.freeze(Object.entries(given)) })
  const table: object = {}
  for (const [name, node] of definition.entries) {
    const read = (): unknown =>
      makeReference(node, { table: definition, name, source: made === undefined ? callerOf(read) : made.source })
    Object.defineProperty(table, name, { enumerable: true, get: read })
  }
  Object.defineProperty(table, nodesMarker, { value: definition })
  return Object.freeze(table)
}

/** The same reference, as if written at another line. */
export function referredFrom(reference: unknown, source: SourceLine | undefined): unknown {
  if (typeof reference !== 'object' || reference === null || !(referenceMarker in reference)) return reference
  // What holds the marker was made below.
  const definition = reference[referenceMarker] as ReferenceDefinition
  return Object.freeze({ ...reference, [referenceMarker]: Object.freeze({ ...definition, source }) })
}

function makeReference(node: unknown, reference: ReferenceDefinition): unknown {
  const isNode = typeof node === 'object' && node !== null && nodeMarker in node
  return Object.freeze({
    ...(isNode && { [nodeMarker]: node[nodeMarker] }),
    [referenceMarker]: Object.freeze(reference),
  })
}
