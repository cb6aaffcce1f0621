/** Nodes in topological order, numbered from 0; arcs to an equal or lower number close cycles and have a finite capacity. */
export interface FlowNetwork {
  readonly size: number
  readonly arcs: readonly {
    readonly from: number
    readonly to: number
    readonly capacity: number
    readonly weight: number
  }[]
  /** By node: what is gained when the walk ends there. */
  readonly ends: readonly number[]
}

/**
 * The most weight that one unit of flow from a source can gather, arcs being taken no more often than their capacity.
 *
 * It is an upper bound of any walk: a walk is such a flow, but a flow may also hold cycles apart from its path. All weights are
 * integers, 0 or more. Arcs back are filled first, which leaves no cycle that gains; the imbalance is then evened out along
 * heaviest paths, one after another.
 *
 * Source: successive shortest paths for minimum-cost flow, with signs turned.
 *
 * @returns null when it takes too many rounds
 */
export function maxFlow(network: FlowNetwork, source: number): number | null {
  return new FlowSearch(network, source).run()
}

interface ResidualArc {
  readonly from: number
  readonly to: number
  capacity: number
  readonly weight: number
  /** Place of the arc back. */
  readonly back: number
}

class FlowSearch {
  readonly #arcs: ResidualArc[] = []
  /** Numbers of arcs, by the order of their source. */
  #order: readonly number[] = []
  readonly #excess: number[]
  readonly #size: number
  #total = 0

  constructor({ size, arcs, ends }: FlowNetwork, source: number) {
    const sink = size
    this.#size = size + 1
    this.#excess = Array.from({ length: this.#size }, () => 0)
    for (const arc of arcs) {
      if (arc.to > arc.from) this.#add(arc, 0)
      else this.#fill(arc)
    }
    ends.forEach((weight, from) => this.#add({ from, to: sink, capacity: 1, weight }, 0))
    this.#change(source, 1)
    this.#change(sink, -1)
    this.#order = [...this.#arcs.keys()].toSorted((left, right) => this.#from(left) - this.#from(right))
  }

  run(): number | null {
    const most = 4 * this.#arcs.length + 16
    for (let round = 0; round < most; round++) {
      if (!this.#excess.some((amount) => amount > 0)) return this.#total
      if (!this.#even()) return null
    }
    return null
  }

  #from(number: number): number {
    return this.#arcs[number]?.from ?? 0
  }

  #change(node: number, by: number): void {
    this.#excess[node] = (this.#excess[node] ?? 0) + by
  }

  #add({ from, to, capacity, weight }: FlowNetwork['arcs'][number], flow: number): void {
    const place = this.#arcs.length
    this.#arcs.push({ from, to, capacity: capacity - flow, weight, back: place + 1 })
    this.#arcs.push({ from: to, to: from, capacity: flow, weight: -weight, back: place })
  }

  #fill(arc: FlowNetwork['arcs'][number]): void {
    this.#total += arc.capacity * arc.weight
    if (arc.from === arc.to) return
    this.#add(arc, arc.capacity)
    this.#change(arc.to, arc.capacity)
    this.#change(arc.from, -arc.capacity)
  }

  /** Sends as much as fits along the heaviest path from too much to too little. */
  #even(): boolean {
    const { gain, cameBy, isSettled } = this.#heaviestPaths()
    if (!isSettled) return false
    let end = -1
    for (let node = 0; node < this.#size; node++) {
      const isBetter = end === -1 || (gain[node] ?? -Infinity) > (gain[end] ?? -Infinity)
      if ((this.#excess[node] ?? 0) < 0 && gain[node] !== -Infinity && isBetter) end = node
    }
    if (end === -1) return false
    const path: ResidualArc[] = []
    let begin = end
    for (let arc = this.#arcs[cameBy[end] ?? -1]; arc !== undefined; arc = this.#arcs[cameBy[begin] ?? -1]) {
      path.push(arc)
      begin = arc.from
    }
    const room = Math.min(this.#excess[begin] ?? 0, -(this.#excess[end] ?? 0), ...path.map((arc) => arc.capacity))
    for (const arc of path) {
      arc.capacity -= room
      const back = this.#arcs[arc.back]
      if (back !== undefined) back.capacity += room
    }
    this.#total += room * (gain[end] ?? 0)
    this.#change(begin, -room)
    this.#change(end, room)
    return true
  }

  #heaviestPaths(): {
    readonly gain: readonly number[]
    readonly cameBy: readonly number[]
    readonly isSettled: boolean
  } {
    const gain = this.#excess.map((amount) => (amount > 0 ? 0 : -Infinity))
    const cameBy = this.#excess.map(() => -1)
    for (let pass = 0; pass <= this.#size; pass++) {
      let hasChanged = false
      for (const number of this.#order) {
        const arc = this.#arcs[number]
        if (arc === undefined || arc.capacity <= 0) continue
        const through = (gain[arc.from] ?? -Infinity) + arc.weight
        if (through <= (gain[arc.to] ?? -Infinity)) continue
        gain[arc.to] = through
        cameBy[arc.to] = number
        hasChanged = true
      }
      if (!hasChanged) return { gain, cameBy, isSettled: true }
    }
    return { gain, cameBy, isSettled: false }
  }
}
