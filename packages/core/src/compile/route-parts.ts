import type { Graph } from '../graph/graph.ts'
import type { Registry } from '../graph/registry.ts'
import type { GraphIndex } from './graph-index.ts'

/** What the route needs of a compiled workflow. */
export interface RouteParts {
  readonly graph: Graph
  readonly registry: Registry
  readonly index: GraphIndex
}
