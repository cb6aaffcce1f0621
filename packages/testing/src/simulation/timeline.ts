import type { SeededRandom } from '../random/seeded-random.ts'

/** Whose work a task is: a task of a frozen owner waits until it is thawed, one of a dead owner never runs. */
export interface TaskOwner {
  readonly state: 'running' | 'frozen' | 'dead'
}

interface Task {
  readonly at: number
  /** Drawn, so that what falls on the same moment happens in any order. */
  readonly priority: number
  readonly owner: TaskOwner | null
  readonly run: () => void
  isCancelled: boolean
}

/**
 * Everything that will happen in a simulated world, in virtual time. One task runs at a time, and the next one only when all that
 * followed from it has settled, so one seed decides one history.
 */
export class Timeline {
  readonly #random: SeededRandom
  readonly #tasks: Task[] = []
  readonly #held = new Map<TaskOwner, Task[]>()
  #now: number
  #steps = 0
  /** Whose task is running, or ran last: what a port of nobody's own asks to know who calls. */
  #current: TaskOwner | null = null

  constructor(random: SeededRandom, startAt: number) {
    this.#random = random
    this.#now = startAt
  }

  /** Ms since the epoch. */
  get now(): number {
    return this.#now
  }

  /** Tasks run so far. */
  get steps(): number {
    return this.#steps
  }

  get current(): TaskOwner | null {
    return this.#current
  }

  /** Plans a task. @param delayMs - 0 or more @returns a function that takes it off */
  in(delayMs: number, owner: TaskOwner | null, run: () => void): () => void {
    const task: Task = {
      at: this.#now + Math.max(0, delayMs),
      priority: this.#random.next(),
      owner,
      run,
      isCancelled: false,
    }
    this.#push(task)
    return () => {
      task.isCancelled = true
    }
  }

  /** Lets the tasks go on that a frozen owner could not do; they are overdue and come at once. */
  thaw(owner: TaskOwner): void {
    const held = this.#held.get(owner) ?? []
    this.#held.delete(owner)
    for (const task of held) if (!task.isCancelled) this.#push({ ...task, at: Math.max(task.at, this.#now) })
  }

  /** Runs the next task and all that follows at once from it. @returns false when there is none */
  async step(): Promise<boolean> {
    for (;;) {
      const task = this.#pop()
      if (task === undefined) return false
      if (task.isCancelled || task.owner?.state === 'dead') continue
      if (task.owner?.state === 'frozen') {
        const held = this.#held.get(task.owner) ?? []
        held.push(task)
        this.#held.set(task.owner, held)
        continue
      }
      this.#now = Math.max(this.#now, task.at)
      this.#steps += 1
      this.#current = task.owner
      task.run()
      await settle()
      this.#current = null
      return true
    }
  }

  #push(task: Task): void {
    const heap = this.#tasks
    heap.push(task)
    for (let place = heap.length - 1; place > 0;) {
      const parent = (place - 1) >> 1
      if (!this.#isBefore(place, parent)) break
      this.#swap(place, parent)
      place = parent
    }
  }

  #pop(): Task | undefined {
    const heap = this.#tasks
    const first = heap[0]
    const last = heap.pop()
    if (last === undefined || heap.length === 0) return first
    heap[0] = last
    for (let place = 0; ;) {
      let least = place
      for (const child of [2 * place + 1, 2 * place + 2])
        if (child < heap.length && this.#isBefore(child, least)) least = child
      if (least === place) return first
      this.#swap(place, least)
      place = least
    }
  }

  #isBefore(one: number, other: number): boolean {
    const [left, right] = [this.#tasks[one] as Task, this.#tasks[other] as Task]
    return left.at < right.at || (left.at === right.at && left.priority < right.priority)
  }

  #swap(one: number, other: number): void {
    const [left, right] = [this.#tasks[one] as Task, this.#tasks[other] as Task]
    this.#tasks[one] = right
    this.#tasks[other] = left
  }
}

/** Promises and yielded turns; a turn that a turn asked for comes in the second. */
async function settle(): Promise<void> {
  await turn()
  await turn()
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve)
  })
}
