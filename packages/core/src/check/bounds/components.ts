import type { Arc } from './network.ts'

/**
 * Strongly connected components, by Tarjan's algorithm without recursion.
 *
 * Order: topological; an arc between components leads to a later one.
 * Cost: O(nodes + arcs).
 *
 * @param nodes - the nodes to look at
 * @param arcs - arcs between these nodes only
 */
export function componentsOf(nodes: readonly number[], arcs: readonly Arc[]): readonly (readonly number[])[] {
  return new ComponentSearch(nodes, arcs).run()
}

class ComponentSearch {
  readonly #nodes: readonly number[]
  readonly #targets = new Map<number, number[]>()
  readonly #order = new Map<number, number>()
  readonly #low = new Map<number, number>()
  readonly #stack: number[] = []
  readonly #isOnStack = new Set<number>()
  readonly #found: number[][] = []

  constructor(nodes: readonly number[], arcs: readonly Arc[]) {
    this.#nodes = nodes
    for (const node of nodes) this.#targets.set(node, [])
    for (const arc of arcs) this.#targets.get(arc.from)?.push(arc.to)
  }

  run(): readonly (readonly number[])[] {
    for (const node of this.#nodes) if (!this.#order.has(node)) this.#visit(node)
    return this.#found.toReversed()
  }

  #visit(root: number): void {
    this.#enter(root)
    const path: { readonly node: number; next: number }[] = [{ node: root, next: 0 }]
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const target = this.#targets.get(top.node)?.[top.next++]
      if (target === undefined) {
        path.pop()
        const above = path.at(-1)
        if (above !== undefined) this.#lower(above.node, this.#low.get(top.node) ?? 0)
        this.#close(top.node)
      } else if (!this.#order.has(target)) {
        this.#enter(target)
        path.push({ node: target, next: 0 })
      } else if (this.#isOnStack.has(target)) {
        this.#lower(top.node, this.#order.get(target) ?? 0)
      }
    }
  }

  #enter(node: number): void {
    this.#low.set(node, this.#order.size)
    this.#order.set(node, this.#order.size)
    this.#stack.push(node)
    this.#isOnStack.add(node)
  }

  #lower(node: number, to: number): void {
    this.#low.set(node, Math.min(this.#low.get(node) ?? 0, to))
  }

  #close(node: number): void {
    if (this.#low.get(node) !== this.#order.get(node)) return
    const component: number[] = []
    for (let member = this.#stack.pop(); member !== undefined; member = this.#stack.pop()) {
      this.#isOnStack.delete(member)
      component.push(member)
      if (member === node) break
    }
    this.#found.push(component)
  }
}
