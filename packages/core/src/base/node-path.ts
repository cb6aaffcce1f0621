/** Between the names of a path: names of nodes never hold it. */
const separator = '/'

/** The path of a node inside nested workflows: `research/draft`. A node of the run itself is its own path. @param within - nodes that hold it, outermost first */
export function nodePath(within: readonly string[], node: string): string {
  return within.length === 0 ? node : [...within, node].join(separator)
}

/** The names of a path, outermost first. */
export function namesOfPath(path: string): readonly string[] {
  return path.split(separator)
}
